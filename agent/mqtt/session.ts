import { setTimeout as sleep } from "node:timers/promises";
import { CodedError, type ErrorCode, messageOf } from "../../errors.js";
import { withAckTimeout } from "./ack-timeout.js";
import type { Client, ClientOptions, ConnectionLoss, OpenClient, Packet } from "./client.js";
import { InflightWindow } from "./inflight-window.js";
import type { MessageSender } from "./message-sender.js";
import type { OutboxSender } from "./outbox-sender.js";
import type { Ending } from "./reconnect-policy.js";

export interface SessionDeps {
  readonly open: OpenClient;
  readonly options: Omit<ClientOptions, "onLost">;
  readonly status: (state: "online" | "stopped") => Packet;
  readonly subscriptions: readonly string[];
  readonly messageSender: MessageSender;
  readonly outboxSender: OutboxSender | null;
  /** An acknowledgement that takes longer means that the broker, or the way to it, is dead. */
  readonly ackTimeoutMs: number;
  readonly stop: AbortSignal;
  readonly onUp: (up: boolean) => void;
  readonly onTrouble: (trouble: CodedError) => void;
}

/** Silent: our own doing, as nothing was acknowledged. */
type Loss = ConnectionLoss & { readonly silent?: boolean };

/**
 * One connection from its start to its end: `online` first, then all that waits; at a stop, `stopped` last.
 * @returns how it ended; null when it was stopped
 * @throws CodedError as openClient
 */
export async function runSession(deps: SessionDeps): Promise<Ending | null> {
  const { stop, messageSender, outboxSender, onUp, onTrouble } = deps;
  let end: (loss: Loss) => void = () => undefined;
  const lost = new Promise<Loss>((resolve) => {
    end = resolve;
  });
  const opened = await deps.open({ ...deps.options, onLost: (loss) => end(loss) });
  if (stop.aborted) {
    opened.destroy();
    return null;
  }
  const sinceMs = performance.now();
  const client = withAckTimeout(opened, deps.ackTimeoutMs, () => {
    const reason = `the broker acknowledged nothing for ${deps.ackTimeoutMs / 1_000} s`;
    end({ reason, takenOver: false, unexplained: false, silent: true });
  });
  let onStop: () => void = () => undefined;
  const stopped = new Promise<null>((resolve) => {
    onStop = () => resolve(null);
    stop.addEventListener("abort", onStop);
  });
  try {
    void announce(client, deps);
    // The announcement and the subscriptions are not in the window: a broker allows few, and they are soon answered.
    const window = new InflightWindow(Math.max(1, client.receiveMaximum - 1));
    const onFree = (): void => {
      outboxSender?.pump();
      messageSender.pump();
    };
    messageSender.attach(client, window, onFree);
    outboxSender?.attach(client, window, onFree);
    onUp(true);
    const loss = await Promise.race([lost, stopped]);
    if (loss === null) {
      await farewell(client, deps);
      return null;
    }
    const { reason, takenOver, unexplained, silent = false } = loss;
    if (silent) client.destroy();
    if (!takenOver) onTrouble(fault(silent ? "MQTT_NO_ACK" : "MQTT_LOST", reason, deps));
    const upMs = performance.now() - sinceMs;
    return { kind: "lost", upMs, acknowledged: client.acknowledged, takenOver, unexplained };
  } finally {
    stop.removeEventListener("abort", onStop);
    messageSender.detach();
    outboxSender?.detach();
    onUp(false);
  }
}

async function announce(client: Client, deps: SessionDeps): Promise<void> {
  try {
    await Promise.all([client.send(deps.status("online")), client.subscribe(deps.subscriptions)]);
  } catch (error) {
    deps.onTrouble(fault("MQTT_ANNOUNCE_FAILED", messageOf(error), deps));
  }
}

async function farewell(client: Client, deps: SessionDeps): Promise<void> {
  const { messageSender, outboxSender, onTrouble, status } = deps;
  const goodbye = async () => {
    const drained = Promise.all([messageSender.drained(), outboxSender?.drained()]);
    await Promise.race([drained, sleep(1_000, undefined, { ref: false })]);
    await client.send(status("stopped"));
    await client.close();
  };
  const late = sleep(2_500, "late" as const, { ref: false });
  const outcome = await Promise.race([goodbye().catch(messageOf), late]);
  if (outcome === undefined) return;
  client.destroy();
  onTrouble(fault("MQTT_STOP_UNSAID", `could not say goodbye to the broker: ${outcome}`, deps));
}

function fault(code: ErrorCode, message: string, { options }: SessionDeps): CodedError {
  return new CodedError(code, message, { remedy: "The agent reconnects by itself.", at: options.url });
}
