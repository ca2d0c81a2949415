import { useState } from "preact/hooks";
import type { LiveCamera } from "../../contract/live-events.js";
import { CameraActions } from "./camera-actions.js";
import { context } from "./format.js";
import type { Line } from "./line.js";
import type { Page } from "./page.js";
import { Parts } from "./parts.js";
import { type Look, Picture } from "./picture.js";
import { Plate } from "./plate.js";
import { standingOf } from "./standing.js";
import { ThresholdPanel } from "./threshold.js";
import { ScoreNow } from "./tile.js";
import { words } from "./words.js";

export interface CameraProps {
  readonly camera: LiveCamera;
  readonly line: Line;
  readonly page: Page;
  readonly look: Look;
  readonly onLook: (look: Look) => void;
  readonly nowMs: number;
  readonly tick: number;
}

/** One camera, large: with its id as the key, for nothing of one may stand below the name of another. */
export function Camera({ camera, line, page, look, onLook, nowMs, tick }: CameraProps) {
  const { id } = camera;
  const several = line.cameras.length > 1;
  const verdicts = line.verdicts[id] ?? [];
  const said = context(verdicts.at(-1)?.context ?? null);
  return (
    <article class="camera" data-state={camera.state} aria-labelledby={`camera-${id}`}>
      <header>
        {several && (
          <a class="back" href="#/">
            ← {words.camera.back}
          </a>
        )}
        <h2 id={`camera-${id}`}>{id}</h2>
        <span class="soft">{said}</span>
      </header>
      <Plate camera={camera} standing={standingOf(camera, line)} nowMs={nowMs} />
      <div class="view">
        <div>
          <Picture camera={id} source={page.source} look={look} />
          <LookControls look={look} onLook={onLook} />
        </div>
        <div class="beside">
          <ScoreNow camera={camera} latest={line.latest[id]} />
          {camera.part !== null && (
            <Parts camera={id} verdicts={verdicts} counts={line.health.cameras[id]} page={page} />
          )}
        </div>
      </div>
      <ThresholdPanel camera={camera} page={page} tick={tick} />
      <CameraActions camera={camera} counts={line.health.cameras[id]} page={page} />
    </article>
  );
}

function LookControls({ look, onLook }: { look: Look; onLook: (look: Look) => void }) {
  const [id] = useState(() => `opacity-${Math.random().toString(36).slice(2)}`);
  return (
    <fieldset class="look">
      <legend class="unseen">{words.camera.heat}</legend>
      <label>
        <input
          type="checkbox"
          checked={look.heat}
          onChange={({ currentTarget }) => onLook({ ...look, heat: currentTarget.checked })}
        />
        {words.camera.heat}
      </label>
      <label for={id} class="grow">
        {words.camera.opacity}
        <input
          id={id}
          type="range"
          min={0}
          max={100}
          step={5}
          value={Math.round(look.opacity * 100)}
          disabled={!look.heat}
          onInput={({ currentTarget }) => onLook({ ...look, opacity: Number(currentTarget.value) / 100 })}
        />
      </label>
      <label>
        <input
          type="checkbox"
          checked={look.outlines}
          onChange={({ currentTarget }) => onLook({ ...look, outlines: currentTarget.checked })}
        />
        {words.camera.regions}
      </label>
    </fieldset>
  );
}
