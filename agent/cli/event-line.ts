import type { VerdictPayload } from "../contract/part-payloads.js";
import type { AlertPayload, StatePayload } from "../contract/payloads.js";
import type { Message, Region } from "../types.js";
import { printable } from "./terminal.js";

/** A message as it goes out, of which `retort run` shows alerts, verdicts and states. */
export type Shown = Pick<Message, "topic" | "payload">;

export interface LineOptions {
  readonly coloured: boolean;
  /** Whether a camera's alerts count parts, and not frames. */
  readonly seesParts: (camera: string) => boolean;
}

/** One line of JSON for a program, null for what is not shown. */
export function jsonLine({ topic, payload }: Shown): string | null {
  return isAlert(topic) || verdictIn({ topic, payload }) !== null || isState(topic)
    ? JSON.stringify({ topic, payload })
    : null;
}

/** One line for a person, null for what nobody wants to watch go by. */
export function terminalLine({ topic, payload }: Shown, options: LineOptions): string | null {
  if (isAlert(topic)) return alertLine(payload as AlertPayload, options);
  const verdict = verdictIn({ topic, payload });
  if (verdict !== null) return verdictLine(verdict, options);
  if (!isState(topic)) return null;
  const { ts, state, reason } = payload as StatePayload;
  // These two change with every alert, which has its own line.
  if (state === "anomalous" || (state === "ok" && reason === null)) return null;
  return `${time(ts)}  ${topic.slice(0, -"/state".length)} is ${state}${reason === null ? "" : `: ${printable(reason)}`}`;
}

/** The verdict in a message, null where it is none. */
export function verdictIn({ topic, payload }: Shown): VerdictPayload | null {
  return topic.endsWith("/verdict") ? (payload as VerdictPayload) : null;
}

/** Alerts stand out among the lines of parts: one that is raised has a red ground. */
const alertStyles = { raised: "1;97;41", updated: "1;33", cleared: "1;32" } as const;

/** While it stands, what the frame scores; once it is over, what there was. */
function alertLine(alert: AlertPayload, { coloured, seesParts }: LineOptions): string {
  const { phase, score, threshold, peak, frames, raises, durationMs, atPeak } = alert;
  const over = phase === "cleared";
  const limit = `threshold ${threshold.toFixed(3)}`;
  const seconds = over ? ` in ${(durationMs / 1_000).toFixed(1)} s` : "";
  const regions = over ? (atPeak?.regions ?? alert.regions) : alert.regions;
  const unit = seesParts(alert.camera) ? "bad part" : "frame";
  const text = [
    time(alert.ts),
    `ALERT ${phase.padEnd(7)}`,
    alert.camera,
    over
      ? `peak ${peak.toFixed(3)} (${limit})`
      : `score ${score.toFixed(3)} (${limit}${peak > score ? `, peak ${peak.toFixed(3)}` : ""})`,
    `${frames} ${unit}${frames === 1 ? "" : "s"}${seconds}`,
    ...placesOf(regions),
    ...(raises > 1 && phase === "raised" ? [`back at its place, raise ${raises} of this alert`] : []),
    ...(alert.suppressed === undefined ? [] : [`${alert.suppressed} held back while shelved`]),
    ...(alert.flood === undefined ? [] : [`a flood of ${alert.flood.alerts}`]),
    ...(alert.by === undefined ? [] : [`by ${printable(alert.by)}`]),
  ].join("  ");
  const style = phase in alertStyles ? alertStyles[phase as keyof typeof alertStyles] : "36";
  return coloured ? styled(text, style) : text;
}

const verdictStyles = { ok: "32", ng: "31", unknown: "33" } as const;

/** @param more how many parts before it had the same verdict, and no line of their own */
export function verdictLine(verdict: VerdictPayload, { coloured }: LineOptions, more = 0): string {
  const { verdict: outcome, camera, part, score, threshold, file, reason, late, regions } = verdict;
  const word = outcome.toUpperCase();
  const rest = [
    camera,
    ...(more === 0 ? [] : [`${more} more, the last:`]),
    `part ${printable(String(part))}`,
    ...(score === null || threshold === null ? [] : [`score ${score.toFixed(3)} (threshold ${threshold.toFixed(3)})`]),
    ...placesOf(regions),
    ...(file === undefined ? [] : [printable(file)]),
    ...(reason === null ? [] : [printable(reason)]),
    ...(late ? ["late"] : []),
  ].join("  ");
  const gap = " ".repeat(9 - word.length);
  if (!coloured) return `${time(verdict.ts)}  ${word}${gap}${rest}`;
  const style = verdictStyles[outcome];
  // Of a good part no more than the word: what is wrong is to be seen among many of them.
  return outcome === "ok"
    ? `${time(verdict.ts)}  ${styled(word, style)}${gap}${rest}`
    : styled(`${time(verdict.ts)}  ${word}${gap}${rest}`, style);
}

export function styled(text: string, style: string): string {
  return `\u001b[${style}m${text}\u001b[0m`;
}

function placesOf([first, ...more]: readonly Region[]): readonly string[] {
  if (first === undefined) return [];
  const { width, height, x, y } = first;
  const place = `${Math.round(width)}x${Math.round(height)} at ${Math.round(x)},${Math.round(y)}`;
  return [more.length === 0 ? place : `${place} and ${more.length} more`];
}

function isAlert(topic: string): boolean {
  return topic.endsWith("/alert");
}

function isState(topic: string): boolean {
  return topic.endsWith("/state");
}

export function time(ts: string): string {
  return new Date(ts).toTimeString().slice(0, 8);
}
