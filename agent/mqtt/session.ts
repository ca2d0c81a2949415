import { setTimeout as sleep } from "node:timers/promises";
import { CodedError, messageOf } from "../../errors.js";
import { type WatchedClient, withAckTimeout } from "./ack-timeout.js";
import type { Client, ConnectionLoss } from "./client.js";
import { type Connection, hungUpOn } from "./connection.js";
import type { HangUps } from "./hang-ups.js";
import { InflightWindow } from "./inflight-window.js";
import type { MessageSender } from "./message-sender.js";
import type { OutboxSender } from "./outbox-sender.js";
import type { Packet } from "./packet.js";
import type { Ending } from "./reconnect-policy.js";
import { subscribe } from "./subscriptions.js";

export interface SessionDeps {
  readonly url: string;
  readonly connect: (onLost: (loss: ConnectionLoss) => void) => Promise<Client>;
  readonly status: (state: "online" | "stopped") => Packet;
  readonly subscriptions: readonly string[];
  readonly messageSender: MessageSender;
  readonly outboxSender: OutboxSender | null;
  readonly hangUps: HangUps;
  /** An acknowledgement that takes longer means that the broker, or the way to it, is dead. */
  readonly ackTimeoutMs: number;
  readonly stop: AbortSignal;
  /** Given the client that is up, then null. */
  readonly onUp: (client: Client | null) => void;
  readonly onTrouble: (trouble: CodedError) => void;
}

/** The end of a connection, and what the broker had not answered by then. */
interface Loss extends ConnectionLoss {
  readonly silent: boolean;
  readonly unanswered: readonly Packet[];
}

/** A connection that has lived so long, with nothing unanswered, was not ended by a suspect. */
const CAREFUL_MS = 30_000;

/**
 * One connection from its start to its end: `online` and all that is retained first, then all that waits; at a stop, `stopped` last.
 * @returns how it ended; null when it was stopped
 * @throws CodedError as `connect`
 */
export async function runSession(deps: SessionDeps): Promise<Ending | null> {
  const { stop, hangUps, onUp } = deps;
  let onLost: (loss: Loss) => void = () => undefined;
  const lost = new Promise<Loss>((resolve) => {
    onLost = resolve;
  });
  let watched: WatchedClient | null = null;
  // What is unanswered is read at once: the senders are called back when the connection ends.
  const client = await deps.connect((loss) => {
    onLost({ ...loss, silent: false, unanswered: watched?.unanswered() ?? [] });
  });
  if (stop.aborted) {
    client.destroy();
    return null;
  }
  const sinceMs = performance.now();
  const over = new AbortController();
  const stopped = new Promise<null>((resolve) => {
    stop.addEventListener("abort", () => resolve(null), { signal: over.signal });
  });
  watched = withAckTimeout(client, {
    limitMs: deps.ackTimeoutMs,
    onSilent: (passedOver) => {
      const reason = `the broker acknowledged nothing for ${deps.ackTimeoutMs / 1_000} s`;
      const effect = passedOver || hangUps.careful ? "blame" : "reconnect";
      onLost({ reason, effect, silent: true, unanswered: watched?.unanswered() ?? [] });
    },
    onAnswered: (packet) => {
      if (hangUps.answered(packet)) window.narrow = false;
    },
  });
  const window = windowOf(watched, deps);
  const careful = setInterval(() => {
    if (watched?.unanswered().length === 0 && hangUps.exonerate()) window.narrow = false;
  }, CAREFUL_MS).unref();
  try {
    const connection = { client: watched, window, hangUps };
    void begin(connection, deps, over.signal);
    onUp(watched);
    const loss = await Promise.race([lost, stopped]);
    if (loss !== null) return ended(watched, loss, performance.now() - sinceMs, deps);
    await farewell(connection, deps);
    return null;
  } finally {
    clearInterval(careful);
    over.abort();
    deps.messageSender.detach(null);
    deps.outboxSender?.detach(null);
    onUp(null);
  }
}

function windowOf({ limits }: Client, { messageSender, outboxSender, hangUps }: SessionDeps): InflightWindow {
  // Where there is one slot, the outbox and other messages take it in turn.
  const window = new InflightWindow(limits.receiveMaximum, (lane) => {
    const isOutbox = lane === "alerts" || lane === "verdicts";
    if (isOutbox) messageSender.pump();
    outboxSender?.pump();
    if (!isOutbox) messageSender.pump();
  });
  window.narrow = hangUps.careful;
  return window;
}

/** Subscriptions take no slot of the window; so where one packet at a time is to go, they go before all others. */
async function begin(connection: Connection, deps: SessionDeps, over: AbortSignal): Promise<void> {
  const { subscriptions, messageSender, outboxSender, hangUps, status, onTrouble } = deps;
  const ask = (filter: string): Promise<void> => subscribe(connection, filter, onTrouble, over);
  const careful = hangUps.careful;
  if (careful) for (const filter of subscriptions) await ask(filter);
  if (over.aborted) return;
  messageSender.attach(connection, status("online"));
  outboxSender?.attach(connection);
  if (!careful) for (const filter of subscriptions) void ask(filter);
}

function ended(client: WatchedClient, loss: Loss, upMs: number, deps: SessionDeps): Ending {
  const { messageSender, outboxSender, hangUps, onTrouble, url: at } = deps;
  const { reason, effect, silent, unanswered } = loss;
  if (silent) client.destroy();
  if (effect !== "taken-over") onTrouble(new CodedError(silent ? "MQTT_NO_ACK" : codeOf(effect), reason, { at }));
  const { suspect, convicted } = hangUps.ended(effect, unanswered);
  messageSender.detach(convicted);
  const alert = outboxSender?.detach(convicted) ?? null;
  const blocked = alert === "kept";
  if (convicted !== null) {
    if (alert === null) hangUps.giveUp(convicted);
    if (alert === "given-up") hangUps.forget(convicted);
    if (blocked) onTrouble(hungUpOn(convicted));
  }
  return { kind: "lost", upMs, answered: client.answered, effect, suspect, blocked };
}

function codeOf(effect: ConnectionLoss["effect"]): "MQTT_LOST" | "MQTT_NO_QOS" {
  return effect === "no-qos" ? "MQTT_NO_QOS" : "MQTT_LOST";
}

async function farewell({ client, window }: Connection, deps: SessionDeps): Promise<void> {
  const { messageSender, outboxSender, onTrouble, status, url: at } = deps;
  const goodbye = async () => {
    const drained = Promise.all([messageSender.drained(), outboxSender?.drained()]);
    await Promise.race([drained, sleep(1_000, undefined, { ref: false })]);
    // Where the broker acknowledges nothing any more, it takes no further packet of QoS 1.
    await client.send({ ...status("stopped"), qos: window.take("others") ? 1 : 0 });
    await client.close();
  };
  const late = sleep(2_500, "late" as const, { ref: false });
  const outcome = await Promise.race([goodbye().catch(messageOf), late]);
  if (outcome === undefined) return;
  client.destroy();
  onTrouble(new CodedError("MQTT_STOP_UNSAID", `could not say goodbye to the broker: ${outcome}`, { at }));
}
