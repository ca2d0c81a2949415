import { useState } from "preact/hooks";
import type { LiveCamera, LiveCounts } from "../../contract/live-events.js";
import { bytesOf } from "./heat.js";
import type { Page } from "./page.js";
import { words } from "./words.js";

/** Minutes for which alerts can be shelved. */
const SHELVINGS = [10, 60, 480];

interface Snapshot {
  readonly camera: string;
  readonly ts: string;
  readonly base64: string;
}

interface Props {
  readonly camera: LiveCamera;
  readonly counts: LiveCounts | undefined;
  readonly page: Page;
}

/** What a person can do with a camera. */
export function CameraActions({ camera, counts, page }: Props) {
  const { id, enabled } = camera;
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const act = async (label: string, command: string, args: object = {}): Promise<void> => {
    setBusy(true);
    await page.run(label, command, { camera: id, ...args });
    setBusy(false);
    setAsking(false);
  };
  const save = async (): Promise<void> => {
    setBusy(true);
    const taken = await page.run<Snapshot>(words.camera.snapshot, "snapshot", { camera: id });
    setBusy(false);
    if (taken.ok) download(taken.value);
  };
  if (!page.mayAct) return null;
  const shelved = counts?.alerts.shelvedUntil ?? null;
  return (
    <section class="actions" aria-label={words.camera.actions}>
      <button type="button" disabled={busy || !enabled} onClick={save}>
        {words.camera.snapshot}
      </button>
      <button type="button" disabled={busy || !enabled} onClick={() => act(words.camera.restart, "restart-camera")}>
        {words.camera.restart}
      </button>
      {shelved === null ? (
        <label class="select">
          {words.camera.shelve}
          <select
            value=""
            disabled={busy}
            onChange={({ currentTarget }) => {
              const minutes = Number(currentTarget.value);
              currentTarget.value = "";
              if (minutes > 0) void act(words.camera.shelve, "shelve", { minutes });
            }}
          >
            <option value="">–</option>
            {SHELVINGS.map((minutes) => (
              <option key={minutes} value={minutes}>
                {words.camera.minutes(minutes)}
              </option>
            ))}
          </select>
        </label>
      ) : (
        <button type="button" disabled={busy} onClick={() => act(words.camera.unshelve, "shelve", { minutes: 0 })}>
          {words.camera.unshelve}
        </button>
      )}
      {!enabled ? (
        <button type="button" class="primary" disabled={busy} onClick={() => act(words.camera.enable, "enable")}>
          {words.camera.enable}
        </button>
      ) : asking ? (
        <span class="asking" role="alert">
          {words.camera.confirmDisable}
          <button type="button" class="danger" disabled={busy} onClick={() => act(words.camera.disable, "disable")}>
            {words.camera.confirm}
          </button>
          <button type="button" onClick={() => setAsking(false)}>
            {words.camera.cancel}
          </button>
        </span>
      ) : (
        <button type="button" onClick={() => setAsking(true)}>
          {words.camera.disable}
        </button>
      )}
    </section>
  );
}

function download({ camera, ts, base64 }: Snapshot): void {
  const url = URL.createObjectURL(new Blob([bytesOf(base64)], { type: "image/jpeg" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${camera}-${ts.replaceAll(":", "-")}.jpg`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
