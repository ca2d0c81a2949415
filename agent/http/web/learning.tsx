import { useRef, useState } from "preact/hooks";
import type { FeedbackKept, LearningAnswer, ModelLearning } from "../../contract/learning.js";
import { learning } from "./api.js";
import { clock, day, whole } from "./format.js";
import { words } from "./words.js";

const { learn } = words;

/** What models learned from and can learn from, asked for when somebody opens it: no matter of the line's present. */
export function Learning() {
  const [answer, setAnswer] = useState<LearningAnswer | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const ask = async (): Promise<void> => {
    const got = await learning();
    setAnswer(got.ok ? got.value : null);
    setTrouble(got.ok ? null : got.reason);
  };
  return (
    <details class="learning" onToggle={({ currentTarget }) => currentTarget.open && void ask()}>
      <summary>
        <h2>{learn.title}</h2> <span class="soft">{learn.summary}</span>
      </summary>
      {trouble !== null && <p class="bad">{words.failed(learn.title, trouble)}</p>}
      {answer !== null && (
        <>
          {Object.entries(answer.models).map(([name, model]) => (
            <Model key={name} name={name} model={model} />
          ))}
          <Feedback kept={answer.feedback} />
        </>
      )}
    </details>
  );
}

function Model({ name, model: { odd, trouble, commands } }: { name: string; model: ModelLearning }) {
  return (
    <section aria-label={learn.model(name)}>
      <h3>{learn.odd(name)}</h3>
      {trouble !== null && <p class="bad">{trouble}</p>}
      {odd === null && trouble === null && <p class="soft">{learn.noOdd}</p>}
      {odd !== null && (
        <>
          <p class="soft">{learn.oddOf(odd.images)}</p>
          <ul class="odd">
            {odd.pictures.map(({ name: picture, reason, suspicious, jpeg }) => (
              <li key={picture} data-suspicious={suspicious}>
                <img src={`data:image/jpeg;base64,${jpeg}`} alt={picture} />
                <p>
                  {suspicious && <b>{learn.suspicious} </b>}
                  {picture}
                </p>
                <p class="soft">{reason}</p>
              </li>
            ))}
          </ul>
        </>
      )}
      <h3>{learn.again(name)}</h3>
      {commands === null ? <p class="soft">{learn.notOurs}</p> : <Commands lines={commands} />}
    </section>
  );
}

/** Where the page comes from another machine without TLS the browser lets nothing be copied: then it is marked. */
function Commands({ lines }: { lines: readonly string[] }) {
  const text = useRef<HTMLPreElement>(null);
  const [said, setSaid] = useState("");
  const copy = async (): Promise<void> => {
    const at = text.current;
    if (at === null) return;
    getSelection()?.selectAllChildren(at);
    const copied = await navigator.clipboard?.writeText(`${lines.join("\n")}\n`).then(
      () => true,
      () => false,
    );
    setSaid(copied === true ? learn.copied : learn.marked);
  };
  return (
    <>
      <p class="soft">{learn.explain}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is to be reached by keyboard */}
      <pre ref={text} tabIndex={0}>
        {lines.join("\n")}
      </pre>
      <button type="button" onClick={copy}>
        {learn.copy}
      </button>{" "}
      <span role="status">{said}</span>
    </>
  );
}

function Feedback({ kept }: { kept: FeedbackKept | null }) {
  const { said } = words.alert;
  return (
    <section aria-label={learn.feedback}>
      <h3>{learn.feedback}</h3>
      {kept === null && <p class="soft">{learn.noFrames}</p>}
      {kept !== null && (
        <p>
          {learn.keptIn} <code>{kept.folder}</code>
        </p>
      )}
      {kept !== null && kept.cameras.length === 0 && <p class="soft">{learn.noFeedback}</p>}
      {kept !== null && kept.cameras.length > 0 && (
        <>
          <table>
            <thead>
              <tr>
                <th scope="col">{words.machine.columns.camera}</th>
                <th scope="col">{words.alert.defect}</th>
                <th scope="col">{words.alert.notDefect}</th>
              </tr>
            </thead>
            <tbody>
              {kept.cameras.map(({ camera, folder, counts }) => (
                <tr key={folder}>
                  <th scope="row">{camera}</th>
                  <td>{whole(counts.defect)}</td>
                  <td>{whole(counts.not_a_defect)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <ol class="judged">
            {kept.latest.map(({ id, camera, verdict, ts }) => (
              <li key={id}>
                <span class="numeral">{ts === null ? "–" : `${day(ts)} ${clock(ts)}`}</span> {camera}{" "}
                <b>{said[verdict]}</b>
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}
