import type { Store } from "../store/store.js";
import type { AlertStep } from "../types.js";
import type { Announced } from "./outbox.js";
import { ANNOUNCED, readTold, STANDING, standsAfter, type Times } from "./records.js";

/** What a life of the agent that ended without its leave still owes to those who listen. */
export interface Left {
  readonly step: AlertStep;
  readonly times: Times;
  readonly announced?: Announced;
}

/**
 * Alerts that were announced and not added, then the clearing of all that stand: nobody watches them any more, and what is
 * still wrong is raised anew.
 */
export async function leftIn(store: Store, now: Times): Promise<readonly Left[]> {
  const standing = new Map<string, Left>();
  for await (const { value } of store.entries(STANDING)) {
    const left = readTold(value);
    standing.set(left.step.id, left);
  }
  const announced: Left[] = [];
  for await (const { key, value } of store.entries(ANNOUNCED)) {
    const left = { ...readTold(value), announced: { key } };
    const { step } = left;
    announced.push(left);
    const stands = standsAfter(step);
    if (stands === true) standing.set(step.id, left);
    if (stands === false) standing.delete(step.id);
  }
  const clearing = [...standing.values()].map(
    ({ step }): Left => ({ step: { ...step, phase: "cleared", tsMs: now.wallMs }, times: now }),
  );
  return [...announced, ...clearing];
}
