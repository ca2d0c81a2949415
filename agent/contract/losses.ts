/**
 * The reasons for which messages are given up, as `health` and the metrics name them. Lists and not types alone: a counter that
 * does not exist before its first event can be neither graphed nor alarmed on.
 */

/**
 * Reasons of the outbox; the word before the dash says what was given up. `room`: the outbox's own bound; `age`; `disk`: full;
 * `memory`: the disk took nothing for too long; `refused`: by the broker, for good; `damaged`: it was on disk, and is not;
 * `unkept`: numbered and, after a restart, not on disk: it may have arrived; `stopped`: raised after the agent's stop.
 */
export const outboxLosses = [
  "alert-room",
  "alert-age",
  "alert-disk",
  "alert-memory",
  "alert-refused",
  "alert-damaged",
  "alert-unkept",
  "alert-stopped",
  "verdict-room",
  "verdict-age",
  "verdict-disk",
  "verdict-memory",
  "verdict-refused",
  "verdict-damaged",
  "verdict-unkept",
  "verdict-stopped",
  "evidence-room",
  "evidence-age",
  "evidence-disk",
  "evidence-memory",
  "evidence-refused",
  "evidence-damaged",
] as const;

/** Reasons of the memory for messages that go without the outbox: states, scores, replies, health. */
export const messageLosses = ["offline", "congested", "superseded", "overflow", "refused", "stopped"] as const;
