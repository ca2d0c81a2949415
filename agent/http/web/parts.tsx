import { useState } from "preact/hooks";
import type { LiveCounts } from "../../contract/live-events.js";
import type { VerdictPayload } from "../../contract/part-payloads.js";
import type { PartsHealth } from "../../contract/payloads.js";
import { Feedback } from "./feedback.js";
import { clock, context, fixed, percent, score, whole } from "./format.js";
import type { Page } from "./page.js";
import { words } from "./words.js";

/** As many as one row holds. */
const SHOWN = 12;

interface Props {
  readonly camera: string;
  readonly verdicts: readonly VerdictPayload[];
  readonly counts: LiveCounts | undefined;
  readonly page: Page;
}

/** The last parts, the latest first, and the yield of the hour. */
export function Parts({ camera, verdicts, counts, page }: Props) {
  const [chosen, setChosen] = useState<VerdictPayload | null>(null);
  const shown = verdicts.slice(-SHOWN).reverse();
  const places = [...Array(SHOWN).keys()];
  return (
    <section class="parts" aria-labelledby={`parts-${camera}`}>
      <h3 id={`parts-${camera}`}>{words.part.title}</h3>
      <ol class="row">
        {places.map((place) => {
          const part = shown[place];
          if (part === undefined) return <li key={place} class="empty" />;
          const { verdict, seq } = part;
          return (
            <li key={place}>
              <button
                type="button"
                data-verdict={verdict}
                aria-pressed={chosen?.seq === seq}
                onClick={() => setChosen(chosen?.seq === seq ? null : part)}
              >
                <span class="mark">{words.part.verdict[verdict]}</span> <span class="name">{part.part}</span>
                <span class="unseen">: {words.part.spoken[verdict]}</span>
              </button>
            </li>
          );
        })}
      </ol>
      {chosen !== null && <Chosen key={chosen.seq} part={chosen} page={page} onClose={() => setChosen(null)} />}
      <Yield hour={counts?.partsOfHour ?? null} start={counts?.parts ?? null} />
    </section>
  );
}

function Chosen({ part, page, onClose }: { part: VerdictPayload; page: Page; onClose: () => void }) {
  const name = words.part.chosen(String(part.part));
  return (
    <div class="chosen">
      <p>
        <b>
          {name}: {words.part.spoken[part.verdict]}
        </b>{" "}
        <span class="numeral">
          {clock(part.ts)} · {score(part.score, part.threshold)} / {score(part.threshold, part.threshold)} ·{" "}
          {fixed(part.latencyMs, 0, " ms")}
        </span>
        <br />
        <span class="soft">{part.reason ?? context(part.context)}</span>
      </p>
      {page.mayAct && <Feedback page={page} of={{ camera: part.camera, seq: part.seq }} about={name} />}
      <button type="button" onClick={onClose}>
        {words.part.close}
      </button>
    </div>
  );
}

function Yield({ hour, start }: { hour: PartsHealth | null; start: PartsHealth | null }) {
  const all = hour === null ? 0 : hour.ok + hour.ng + hour.unknown;
  return (
    <div class="yield">
      <p>
        <span class="label">{words.part.yield}</span>
        <span class="figure">{percent(hour === null || all === 0 ? null : hour.ok / all)}</span>
      </p>
      <table>
        <thead>
          <tr>
            <td />
            <th scope="col">{words.part.verdict.ok}</th>
            <th scope="col">{words.part.verdict.ng}</th>
            <th scope="col">{words.part.verdict.unknown}</th>
          </tr>
        </thead>
        <tbody>
          {(
            [
              [words.part.hour, hour],
              [words.part.start, start],
            ] as const
          ).map(([label, parts]) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>{whole(parts?.ok)}</td>
              <td>{whole(parts?.ng)}</td>
              <td>{whole(parts?.unknown)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
