import type { LiveCamera, ScorePoint } from "../../contract/live-events.js";
import { duration, score } from "./format.js";
import type { Line } from "./line.js";
import type { Page } from "./page.js";
import { type Look, Picture } from "./picture.js";
import { Plate } from "./plate.js";
import { standingOf } from "./standing.js";
import { words } from "./words.js";

/** The score and its threshold, with a bar that is full at twice the threshold. */
export function ScoreNow({ camera, latest }: { camera: LiveCamera; latest: ScorePoint | undefined }) {
  const { threshold } = camera;
  const share = latest === undefined || threshold === null ? 0 : Math.min(1, latest.last / (2 * threshold));
  const above = latest !== undefined && threshold !== null && latest.last > threshold;
  return (
    <div class="score-now" data-above={above}>
      <span class="label">{words.score.now}</span>
      <span class="figure">{score(latest?.last, threshold)}</span>
      <span class="bar" aria-hidden="true">
        <span style={{ width: `${share * 100}%` }} />
      </span>
      <span class="label limit">
        {words.score.threshold} <span class="numeral">{score(threshold, threshold)}</span>
      </span>
    </div>
  );
}

export interface TileProps {
  readonly camera: LiveCamera;
  readonly line: Line;
  readonly page: Page;
  readonly look: Look;
  readonly nowMs: number;
}

/** One of several cameras; a click opens it large. */
export function Tile({ camera, line, page, look, nowMs }: TileProps) {
  const { id, reason, state } = camera;
  const standing = standingOf(camera, line);
  const about = standing.kind === "part" ? standing.about : (reason ?? words.stateMeans[standing.state]);
  return (
    <li class="tile" data-state={state}>
      <header>
        <h3>
          <a href={`#/${encodeURIComponent(id)}`} title={words.camera.open(id)}>
            {id}
          </a>
        </h3>
        <span class="numeral soft">{words.since(duration(nowMs - Date.parse(camera.since)))}</span>
      </header>
      <Plate camera={camera} standing={standing} nowMs={nowMs} />
      <p class="reason" title={about}>
        {about}
      </p>
      <Picture camera={id} source={page.source} look={look} />
      <ScoreNow camera={camera} latest={line.latest[id]} />
    </li>
  );
}
