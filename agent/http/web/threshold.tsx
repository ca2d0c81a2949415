import { useEffect, useState } from "preact/hooks";
import type { LiveCamera, ThresholdPreview } from "../../contract/live-events.js";
import { preview } from "./api.js";
import { Chart } from "./chart.js";
import { duration, score } from "./format.js";
import type { Page } from "./page.js";
import { words } from "./words.js";

/** While the line is dragged the agent is asked once it rests for so long. */
const REST_MS = 120;

interface Change {
  readonly before: number | null;
  readonly from: string;
  readonly to: string;
  readonly undone: boolean;
}

/** The chart with its threshold: try another one, see what it would have meant, apply it, take it back. */
export function ThresholdPanel({ camera, page, tick }: { camera: LiveCamera; page: Page; tick: number }) {
  const { id, threshold, inForce } = camera;
  const [tried, setTried] = useState<number | null>(null);
  const [meant, setMeant] = useState<ThresholdPreview | null>(null);
  const [change, setChange] = useState<Change | null>(null);
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    setMeant(null);
    if (tried === null) return;
    const aborting = new AbortController();
    const timer = setTimeout(async () => {
      const answer = await preview(id, tried, aborting.signal);
      if (answer.ok && !aborting.signal.aborted) setMeant(answer.value);
    }, REST_MS);
    return () => {
      clearTimeout(timer);
      aborting.abort();
    };
  }, [id, tried]);

  const set = async (to: number | null): Promise<boolean> => {
    setBusy(true);
    const answer = await page.run(words.score.threshold, "threshold", { camera: id, threshold: to });
    setBusy(false);
    return answer.ok;
  };
  const apply = async (): Promise<void> => {
    if (tried === null) return;
    const to = Number(tried.toPrecision(5));
    // What the configuration said comes back as that, not as a number that hides it.
    const before = inForce.threshold.source === "command" ? threshold : null;
    const from = score(threshold, threshold);
    if (!(await set(to))) return;
    setChange({ before, from, to: score(to, threshold), undone: false });
    setTried(null);
  };
  const undo = async (): Promise<void> => {
    if (change !== null && (await set(change.before))) setChange({ ...change, undone: true });
  };

  return (
    <section class="threshold" aria-labelledby={`score-${id}`}>
      <h3 id={`score-${id}`}>{words.score.now}</h3>
      <Chart
        camera={id}
        series={page.seriesOf(id)}
        threshold={threshold}
        tried={tried}
        locked={!page.mayAct}
        onTry={setTried}
        tick={tick}
      />
      <div class="trial" aria-live="polite">
        {tried !== null ? (
          <>
            <p>
              <b class="numeral">
                {words.score.tried} {score(tried, threshold)}
              </b>{" "}
              <Meaning meant={meant} />
            </p>
            <button type="button" class="primary" disabled={busy} onClick={apply}>
              {words.score.apply}
            </button>
            <button type="button" onClick={() => setTried(null)}>
              {words.score.cancel}
            </button>
          </>
        ) : change !== null ? (
          <>
            <p>{change.undone ? words.score.restored(change.from) : words.score.changed(change.from, change.to)}</p>
            {!change.undone && (
              <button type="button" class="primary" disabled={busy} onClick={undo}>
                {words.score.undo}
              </button>
            )}
          </>
        ) : (
          <p class="soft">{page.mayAct ? words.score.drag : words.score.lookOnly}</p>
        )}
      </div>
    </section>
  );
}

function Meaning({ meant }: { meant: ThresholdPreview | null }) {
  if (meant === null) return <span class="soft">{words.score.counting}</span>;
  const { more, fewer, unit, judged, from, to } = meant;
  const time = duration(Date.parse(to) - Date.parse(from));
  return (
    <span data-preview={more > 0 ? "more" : fewer > 0 ? "fewer" : "same"}>
      {more > 0 ? words.score.more(more, unit) : fewer > 0 ? words.score.fewer(fewer, unit) : words.score.same}{" "}
      <span class="soft">{words.score.of(judged, unit, time)}</span>
    </span>
  );
}
