import { SingleBar } from "cli-progress";
import type { Terminal } from "./terminal.js";

export interface Progress {
  /** @param etaSeconds where something better is known than the mean pace so far */
  update(done: number, total: number, note?: string, etaSeconds?: number): void;
  stop(): void;
}

/** How often a log that nobody watches gets a line. */
const LINE_EVERY_MS = 5_000;

/** A moving bar for a person, now and then a line for a log; both on stderr. */
export function progressBar(terminal: Terminal, unit: string, nowMs: () => number = () => performance.now()): Progress {
  const startMs = nowMs();
  const etaText = (done: number, total: number, etaSeconds?: number) => {
    if (etaSeconds !== undefined) return `ETA ${duration(etaSeconds * 1_000)}`;
    if (done === 0) return "ETA ?";
    return `ETA ${duration(((nowMs() - startMs) / done) * (total - done))}`;
  };
  if (!terminal.interactive) {
    let lastLineMs = Number.NEGATIVE_INFINITY;
    return {
      update: (done, total, note = "", etaSeconds) => {
        if (nowMs() - lastLineMs < LINE_EVERY_MS && done < total) return;
        lastLineMs = nowMs();
        terminal.err(
          [`${done}/${total} ${unit}`, note, etaText(done, total, etaSeconds)].filter((part) => part !== "").join("  "),
        );
      },
      stop: () => undefined,
    };
  }
  const format = `{bar} {value}/{total} ${unit}  {note}  {eta_text}`;
  const bar = new SingleBar({ format, stream: terminal.stderr, hideCursor: true, barsize: 24, fps: 5 });
  let begun = false;
  return {
    update: (done, total, note = "", etaSeconds) => {
      const payload = { note, eta_text: etaText(done, total, etaSeconds) };
      if (begun) bar.update(done, payload);
      else bar.start(total, done, payload);
      begun = true;
    },
    stop: () => {
      if (begun) bar.stop();
    },
  };
}

/** `1:02:03` or `2:03`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
