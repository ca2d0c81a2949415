import type { IntervalHistogram } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { Tally } from "./listener.js";
import type { Rig } from "./rig.js";

/** The beginning of a segment, whose frames are not counted: the first ones find an idle machine. */
export const SETTLE_MS = 500;

/** Lets the agent run, and takes what the subscriber received. */
export async function segment(
  { gate, listener, agent }: Rig,
  forMs: number,
  delay?: IntervalHistogram,
): Promise<Tally> {
  gate.open();
  await sleep(SETTLE_MS);
  await listener.take();
  delay?.enable();
  await sleep(forMs);
  const tally = await listener.take();
  delay?.disable();
  gate.close();
  while (agent.cameras.some(({ ledger }) => ledger.counts().inFlight > 0)) await sleep(5);
  return tally;
}

/** Counted with the span they fill: a frame cut at either end of a segment would be a per cent of it. */
export function framesPerSecond({ latencyMs, spanMs }: Tally): number {
  return (Math.max(0, latencyMs.length - 1) / spanMs) * 1_000;
}
