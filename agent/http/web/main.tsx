import { render } from "preact";
import type { SessionAnswer } from "../../contract/live-events.js";
import { command, whoAmI } from "./api.js";
import { App } from "./app.js";
import { score } from "./format.js";
import { after, isOpen, type Line, type LiveEvent } from "./line.js";
import type { Page } from "./page.js";
import { ScoreSeries } from "./series.js";
import { Source } from "./source.js";
import { words } from "./words.js";

/** Eyes follow no more, and a panel PC has other things to do. */
const DRAW_EVERY_MS = 200;

const root = document.getElementById("app");
const series = new Map<string, ScoreSeries>();
let line: Line | null = null;
let session: SessionAnswer | null = null;
let signedOut = false;
let notice: string | null = null;
let heard = "";
let tick = 0;
let drawing: ReturnType<typeof setTimeout> | undefined;
let drawnAtMs = 0;

function seriesOf(camera: string): ScoreSeries {
  const known = series.get(camera);
  if (known !== undefined) return known;
  const made = new ScoreSeries();
  series.set(camera, made);
  return made;
}

/** Soon, and not for each event. */
function changed(): void {
  if (drawing !== undefined) return;
  drawing = setTimeout(draw, Math.max(0, DRAW_EVERY_MS - (performance.now() - drawnAtMs)));
}

function draw(): void {
  clearTimeout(drawing);
  drawing = undefined;
  drawnAtMs = performance.now();
  tick += 1;
  if (root === null) return;
  const page: Page = { ...tools, mayAct: line?.role === "act" };
  render(
    <App
      line={line}
      page={page}
      session={session}
      signedOut={signedOut}
      silentMs={source.silentMs()}
      tick={tick}
      notice={notice}
      heard={heard}
      onNoticed={() => {
        notice = null;
        draw();
      }}
      onSession={() => void begin()}
    />,
    root,
  );
}

function onEvent(event: LiveEvent): void {
  if (event.name === "snapshot") {
    for (const [camera, history] of Object.entries(event.data.scores)) seriesOf(camera).fill(history);
  }
  if (event.name === "scores") {
    for (const [camera, point] of Object.entries(event.data.cameras)) seriesOf(camera).add(point);
  }
  if (event.name === "alert" && isOpen(event.data) && line?.alerts.every(({ id }) => id !== event.data.id)) {
    heard = words.alert.heard(event.data.camera, score(event.data.peak, event.data.threshold));
  }
  const next = after(line, event);
  if (next !== line || event.name === "scores") changed();
  line = next;
}

const source = new Source({ onEvent, onRefused: () => void ask() });

const tools: Omit<Page, "mayAct"> = {
  source,
  seriesOf,
  run: async (label, name, args) => {
    const answer = await command<never>(name, args);
    notice = answer.ok ? null : words.failed(label, answer.reason);
    if (!answer.ok && answer.status === 401) await ask();
    draw();
    return answer;
  },
};

/** Who this page is to the agent; without an answer that is what it was before. */
async function ask(): Promise<void> {
  const answer = await whoAmI();
  if (answer.ok) session = answer.value;
  if (answer.ok || answer.status === 401) signedOut = !answer.ok;
  if (signedOut) {
    source.stop();
    line = null;
  }
  draw();
}

/** Anew, with whatever role there is now. */
async function begin(): Promise<void> {
  source.stop();
  await ask();
  if (!signedOut) source.start();
}

setInterval(() => {
  source.look();
  changed();
}, 1_000);
document.addEventListener("visibilitychange", () => source.look());
draw();
void begin();
