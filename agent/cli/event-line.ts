import type { VerdictPayload } from "../contract/part-payloads.js";
import type { AlertPayload, StatePayload } from "../contract/payloads.js";
import type { Message, Region } from "../types.js";
import { printable } from "./terminal.js";

/** A message as it goes out, of which `retort run` shows alerts, verdicts and states. */
export type Shown = Pick<Message, "topic" | "payload">;

/** One line of JSON for a program, null for what is not shown. */
export function jsonLine({ topic, payload }: Shown): string | null {
  return isAlert(topic) || isVerdict(topic) || isState(topic) ? JSON.stringify({ topic, payload }) : null;
}

/** One line for a person, null for what nobody wants to watch go by. */
export function terminalLine({ topic, payload }: Shown, coloured: boolean): string | null {
  if (isAlert(topic)) return alertLine(payload as AlertPayload, coloured);
  if (isVerdict(topic)) return verdictLine(payload as VerdictPayload, coloured);
  if (!isState(topic)) return null;
  const { ts, state, reason } = payload as StatePayload;
  // These two change with every alert, which has its own line.
  if (state === "anomalous" || (state === "ok" && reason === null)) return null;
  return `${time(ts)}  ${topic.slice(0, -"/state".length)} is ${state}${reason === null ? "" : `: ${printable(reason)}`}`;
}

const colours = { raised: 31, updated: 33, cleared: 32 } as const;

/** While it stands, what the frame scores; once it is over, what there was. */
function alertLine(alert: AlertPayload, coloured: boolean): string {
  const { phase, score, threshold, peak, frames, raises, durationMs, atPeak } = alert;
  const over = phase === "cleared";
  const limit = `threshold ${threshold.toFixed(3)}`;
  const seconds = over ? ` in ${(durationMs / 1_000).toFixed(1)} s` : "";
  const regions = over ? (atPeak?.regions ?? alert.regions) : alert.regions;
  const text = [
    time(alert.ts),
    `ALERT ${phase.padEnd(7)}`,
    alert.camera,
    over
      ? `peak ${peak.toFixed(3)} (${limit})`
      : `score ${score.toFixed(3)} (${limit}${peak > score ? `, peak ${peak.toFixed(3)}` : ""})`,
    `${frames} ${frames === 1 ? "frame" : "frames"}${seconds}`,
    ...placesOf(regions),
    ...(raises > 1 && phase === "raised" ? [`back at its place, raise ${raises} of this alert`] : []),
    ...(alert.suppressed === undefined ? [] : [`${alert.suppressed} held back while shelved`]),
    ...(alert.flood === undefined ? [] : [`a flood of ${alert.flood.alerts}`]),
    ...(alert.by === undefined ? [] : [`by ${printable(alert.by)}`]),
  ].join("  ");
  const colour = phase in colours ? colours[phase as keyof typeof colours] : 36;
  return coloured ? `\u001b[${colour}m${text}\u001b[0m` : text;
}

const verdictColours = { ok: 32, ng: 31, unknown: 33 } as const;

function verdictLine(verdict: VerdictPayload, coloured: boolean): string {
  const { verdict: outcome, camera, part, score, threshold, file, reason, late, regions } = verdict;
  const text = [
    time(verdict.ts),
    outcome.toUpperCase().padEnd(7),
    camera,
    `part ${printable(String(part))}`,
    ...(score === null || threshold === null ? [] : [`score ${score.toFixed(3)} (threshold ${threshold.toFixed(3)})`]),
    ...placesOf(regions),
    ...(file === undefined ? [] : [printable(file)]),
    ...(reason === null ? [] : [printable(reason)]),
    ...(late ? ["late"] : []),
  ].join("  ");
  return coloured ? `\u001b[${verdictColours[outcome]}m${text}\u001b[0m` : text;
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

function isVerdict(topic: string): boolean {
  return topic.endsWith("/verdict");
}

function isState(topic: string): boolean {
  return topic.endsWith("/state");
}

function time(ts: string): string {
  return new Date(ts).toTimeString().slice(0, 8);
}
