import { useEffect, useRef, useState } from "preact/hooks";
import type { WholeAlert } from "../../contract/whole-alert.js";
import { Feedback } from "./feedback.js";
import { clock, context, duration, score } from "./format.js";
import { acknowledgedBy, isOpen } from "./line.js";
import type { Page } from "./page.js";
import { words } from "./words.js";

/** Alerts as they come, the latest first. */
export function Alerts({ alerts, page }: { alerts: readonly WholeAlert[]; page: Page }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [large, setLarge] = useState<WholeAlert | null>(null);
  const open = alerts.filter(isOpen).length;
  return (
    <section class="alerts" aria-labelledby="alerts">
      <h2 id="alerts">
        {words.alert.title} <span class={open > 0 ? "count bad" : "count"}>{words.alert.open(open)}</span>
      </h2>
      {alerts.length === 0 && <p class="soft">{words.alert.none}</p>}
      <ol>
        {alerts.map((alert) => (
          <Alert
            key={alert.id}
            alert={alert}
            page={page}
            onEnlarge={() => {
              setLarge(alert);
              dialog.current?.showModal();
            }}
          />
        ))}
      </ol>
      <dialog ref={dialog} aria-label={words.alert.title} onClose={() => setLarge(null)}>
        {large !== null && (
          <>
            <img src={pictureOf(large)} alt={words.alert.picture(large.camera, clock(large.peakTs))} />
            <form method="dialog">
              <button type="submit" class="primary">
                {words.alert.close}
              </button>
            </form>
          </>
        )}
      </dialog>
    </section>
  );
}

/** A better picture of the same alert is another address: the browser may keep both. */
function pictureOf({ id, evidence }: WholeAlert): string {
  return `/api/alerts/${id}/evidence.jpg?of=${evidence?.sha256.slice(0, 12) ?? ""}`;
}

function Alert({ alert, page, onEnlarge }: { alert: WholeAlert; page: Page; onEnlarge: () => void }) {
  const { id, camera, phase, peak, threshold, durationMs, raises, evidence, since } = alert;
  const seen = acknowledgedBy(alert);
  const by = seen?.by ?? alert.by;
  const [busy, setBusy] = useState(false);
  const about = `${camera}, ${clock(since)}`;
  const act = async (label: string, command: string, args: object): Promise<void> => {
    setBusy(true);
    await page.run(label, command, { alert: id, ...args });
    setBusy(false);
  };
  return (
    <li class="alert" data-phase={phase} data-open={isOpen(alert)} data-alert={id}>
      <Thumbnail alert={alert} onEnlarge={onEnlarge} key={evidence?.sha256 ?? "none"} />
      <div class="what">
        <h3>
          {camera}{" "}
          <time class="numeral soft" dateTime={since}>
            {clock(since)}
          </time>
        </h3>
        <p class="phase">
          {words.alert.phase[phase]}
          {seen !== null && phase !== "acknowledged" && `, ${words.alert.phase.acknowledged}`}
          {by !== undefined && <span class="soft"> {words.alert.by(by)}</span>}
        </p>
        <dl>
          <div>
            <dt>{words.alert.peak}</dt>
            <dd>
              <b>{score(peak, threshold)}</b> / {score(threshold, threshold)}
            </dd>
          </div>
          <div>
            <dt>{words.alert.duration}</dt>
            <dd>{duration(durationMs)}</dd>
          </div>
          <div>
            <dt>{words.alert.raises}</dt>
            <dd>{words.alert.times(raises)}</dd>
          </div>
        </dl>
        <p class="soft context">{context(alert.context)}</p>
      </div>
      {page.mayAct && (
        <div class="buttons">
          {seen === null && (
            <button
              type="button"
              class={isOpen(alert) ? "primary" : ""}
              disabled={busy}
              aria-label={`${words.alert.acknowledge}: ${about}`}
              onClick={() => act(words.alert.acknowledge, "acknowledge", {})}
            >
              {words.alert.acknowledge}
            </button>
          )}
          {phase !== "cleared" && phase !== "shelved" && (
            <button type="button" disabled={busy} onClick={() => act(words.alert.shelve, "shelve", { minutes: 60 })}>
              {words.alert.shelve}
            </button>
          )}
          {phase === "shelved" && (
            <button type="button" disabled={busy} onClick={() => act(words.alert.unshelve, "shelve", { minutes: 0 })}>
              {words.alert.unshelve}
            </button>
          )}
          <Feedback page={page} of={{ alert: id }} about={about} />
        </div>
      )}
    </li>
  );
}

/** The picture is written when the alert is already told: asked for so often, and so long after each other. */
const TRIES = 5;
const AGAIN_MS = 1_500;

/** The picture's place is there before the picture is. */
function Thumbnail({ alert, onEnlarge }: { alert: WholeAlert; onEnlarge: () => void }) {
  const [tries, setTries] = useState(0);
  const [waiting, setWaiting] = useState(false);
  useEffect(() => {
    if (!waiting) return;
    const timer = setTimeout(() => {
      setTries(tries + 1);
      setWaiting(false);
    }, AGAIN_MS);
    return () => clearTimeout(timer);
  }, [waiting, tries]);
  if (alert.evidence === null || waiting || tries >= TRIES) {
    return <span class="thumbnail none">{words.alert.noPicture}</span>;
  }
  const label = words.alert.picture(alert.camera, clock(alert.peakTs));
  return (
    <button type="button" class="thumbnail" aria-label={`${words.alert.enlarge}: ${label}`} onClick={onEnlarge}>
      <img src={`${pictureOf(alert)}&try=${tries}`} alt="" loading="lazy" onError={() => setWaiting(true)} />
    </button>
  );
}
