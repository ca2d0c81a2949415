import { clock, duration, score } from "./format.js";
import { isOpen, type Line } from "./line.js";
import { words } from "./words.js";

export interface Trouble {
  /** `bad`: nothing is inspected, or nothing arrives; `warn`: it may come to that. */
  readonly level: "bad" | "warn";
  readonly key: string;
  readonly text: string;
  readonly detail: string | null;
}

const OLD_MS = 10_000;

/** What a person has to know before anything else, the worst first. */
export function troublesOf({ cameras, health, alerts }: Line): readonly Trouble[] {
  const { broker, outbox, models } = health;
  const troubles: Trouble[] = [];
  const say = (level: Trouble["level"], key: string, text: string, detail: string | null = null): void => {
    troubles.push({ level, key, text, detail });
  };
  for (const { id, state, reason, blind, enabled, model } of cameras) {
    const bad = state === "faulted" || state === "no-signal";
    if (blind !== null && enabled) say("bad", `blind ${id}`, words.trouble.blind(id), blind);
    // That it does not see is all that such a fault says.
    if (bad && reason !== blind) say("bad", `camera ${id}`, words.trouble.camera(id, words.state[state]), reason);
    else if (enabled && !bad && state !== "starting" && models[model] === undefined) {
      say("bad", `model ${id}`, words.trouble.noModel(id), reason);
    }
  }
  for (const { id } of cameras) {
    const open = alerts.find((alert) => alert.camera === id && isOpen(alert));
    if (open === undefined) continue;
    const { since, peak, threshold } = open;
    say("bad", `alert ${id}`, words.trouble.alert(id), words.trouble.alertSince(clock(since), score(peak, threshold)));
  }
  if (!broker.connected) say("bad", "broker", words.trouble.broker, broker.trouble?.message ?? null);
  if (outbox.full || outbox.undurable > 0) say("bad", "disk", words.trouble.full);
  const waiting = outbox.depth + outbox.verdicts;
  if (waiting > 0 && outbox.ageMs > OLD_MS) {
    say(broker.connected ? "warn" : "bad", "outbox", words.trouble.waiting(waiting, duration(outbox.ageMs)));
  }
  const lost = Object.values(outbox.lost).reduce((sum, n) => sum + n, 0);
  if (lost > 0) say("warn", "lost", words.trouble.lost(lost));
  for (const { id, drift } of cameras) {
    if (drift.state !== "drifting") continue;
    say(
      "warn",
      `drift ${id}`,
      words.trouble.drift(id, drift.direction === "down" ? words.down : words.up),
      drift.reason,
    );
  }
  for (const [id, { alerts }] of Object.entries(health.cameras)) {
    if (alerts.shelvedUntil !== null)
      say("warn", `shelved ${id}`, words.trouble.shelved(id, clock(alerts.shelvedUntil)));
  }
  return troubles.sort((a, b) => Number(a.level === "warn") - Number(b.level === "warn"));
}
