import { setTimeout as sleep } from "node:timers/promises";
import { CodedError, type ErrorCode, messageOf } from "../../errors.js";
import { impatient } from "./ack-timeout.js";
import type { Link, LinkLoss, LinkOptions, OpenLink, Packet } from "./client.js";
import { Window } from "./inflight-window.js";
import type { Courier } from "./message-sender.js";
import type { Drain } from "./outbox-sender.js";
import type { Ending } from "./reconnect-policy.js";

export interface ConnectionDeps {
  readonly open: OpenLink;
  readonly options: Omit<LinkOptions, "onLost">;
  readonly status: (state: "online" | "stopped") => Packet;
  readonly subscriptions: readonly string[];
  readonly courier: Courier;
  readonly drain: Drain | null;
  /** An acknowledgement that takes longer means that the broker, or the way to it, is dead. */
  readonly ackTimeoutMs: number;
  readonly stop: AbortSignal;
  readonly onUp: (up: boolean) => void;
  readonly onTrouble: (trouble: CodedError) => void;
}

/** Silent: our own doing, as nothing was acknowledged. */
type Loss = LinkLoss & { readonly silent?: boolean };

/**
 * One connection from its start to its end: `online` first, then all that waits; at a stop, `stopped` last.
 * @returns how it ended; null when it was stopped
 * @throws CodedError as openLink
 */
export async function connection(deps: ConnectionDeps): Promise<Ending | null> {
  const { stop, courier, drain, onUp, onTrouble } = deps;
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
  const link = impatient(opened, deps.ackTimeoutMs, () => {
    const reason = `the broker acknowledged nothing for ${deps.ackTimeoutMs / 1_000} s`;
    end({ reason, takenOver: false, unexplained: false, silent: true });
  });
  let onStop: () => void = () => undefined;
  const stopped = new Promise<null>((resolve) => {
    onStop = () => resolve(null);
    stop.addEventListener("abort", onStop);
  });
  try {
    void announce(link, deps);
    // The announcement and the subscriptions are not in the window: a broker allows few, and they are soon answered.
    const window = new Window(Math.max(1, link.receiveMaximum - 1));
    const onFree = (): void => {
      drain?.pump();
      courier.pump();
    };
    courier.linkUp(link, window, onFree);
    drain?.linkUp(link, window, onFree);
    onUp(true);
    const loss = await Promise.race([lost, stopped]);
    if (loss === null) {
      await farewell(link, deps);
      return null;
    }
    const { reason, takenOver, unexplained, silent = false } = loss;
    if (silent) link.destroy();
    if (!takenOver) onTrouble(fault(silent ? "MQTT_NO_ACK" : "MQTT_LOST", reason, deps));
    const upMs = performance.now() - sinceMs;
    return { kind: "lost", upMs, acknowledged: link.acknowledged, takenOver, unexplained };
  } finally {
    stop.removeEventListener("abort", onStop);
    courier.linkDown();
    drain?.linkDown();
    onUp(false);
  }
}

async function announce(link: Link, deps: ConnectionDeps): Promise<void> {
  try {
    await Promise.all([link.send(deps.status("online")), link.subscribe(deps.subscriptions)]);
  } catch (error) {
    deps.onTrouble(fault("MQTT_ANNOUNCE_FAILED", messageOf(error), deps));
  }
}

async function farewell(link: Link, deps: ConnectionDeps): Promise<void> {
  const { courier, drain, onTrouble, status } = deps;
  const goodbye = async () => {
    const drained = Promise.all([courier.drained(), drain?.drained()]);
    await Promise.race([drained, sleep(1_000, undefined, { ref: false })]);
    await link.send(status("stopped"));
    await link.close();
  };
  const late = sleep(2_500, "late" as const, { ref: false });
  const outcome = await Promise.race([goodbye().catch(messageOf), late]);
  if (outcome === undefined) return;
  link.destroy();
  onTrouble(fault("MQTT_STOP_UNSAID", `could not say goodbye to the broker: ${outcome}`, deps));
}

function fault(code: ErrorCode, message: string, { options }: ConnectionDeps): CodedError {
  return new CodedError(code, message, { remedy: "The agent reconnects by itself.", at: options.url });
}
