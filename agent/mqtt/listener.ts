import { setTimeout as sleep } from "node:timers/promises";
import { CodedError, errorCodes } from "../../errors.js";
import type { Client, ConnectionLoss, OpenClient } from "./client.js";
import type { Credentials } from "./credentials.js";
import { openClient } from "./mqtt-client.js";
import { Negotiation } from "./negotiation.js";
import type { Received } from "./packet.js";
import { ReconnectPolicy } from "./reconnect-policy.js";

export interface ListenerOptions {
  readonly url: string;
  readonly clientId: string;
  readonly filters: readonly string[];
  /** Read for every connection: what was renewed takes effect. */
  readonly credentials: () => Promise<Credentials>;
  readonly onMessage: (message: Received) => void;
  /** Before its subscriptions, and so before any message. */
  readonly onConnected: (protocol: "5" | "3.1.1") => void;
  /** A subscription that the broker does not grant, while it grants others. */
  readonly onRefused: (refusal: CodedError) => void;
  /** There is no connection, or none any more. @param waitMs until the next try */
  readonly onAway: (trouble: CodedError, waitMs: number) => void;
  readonly openClient?: OpenClient;
  readonly random?: () => number;
}

const KEEPALIVE_S = 15;
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Listens to a broker until it is stopped, over as many connections as that takes: MQTT 5, else 3.1.1. What is published while there is
 * none is not heard.
 * @throws CodedError what no later try can mend: files of credentials that cannot be used, or a broker that grants no subscription at all
 */
export async function listen(options: ListenerOptions, stop: AbortSignal): Promise<void> {
  const { onAway, random = Math.random } = options;
  const policy = new ReconnectPolicy(random);
  const negotiation = new Negotiation(options.openClient ?? openClient);
  while (!stop.aborted) {
    const beganMs = performance.now();
    let trouble: CodedError;
    let waitMs: number;
    try {
      const loss = await oneConnection(options, negotiation, stop);
      if (loss === null) return;
      trouble = new CodedError("MQTT_LOST", loss.reason, { at: options.url });
      const upMs = performance.now() - beganMs;
      const ended = {
        kind: "lost",
        upMs,
        answered: true,
        effect: loss.effect,
        suspect: false,
        blocked: false,
      } as const;
      ({ waitMs } = policy.after(ended));
    } catch (error) {
      if (!(error instanceof CodedError) || isFinal(error)) throw error;
      trouble = error;
      ({ waitMs } = policy.after({ kind: "never-up", code: error.code }));
    }
    if (stop.aborted) return;
    onAway(trouble, waitMs);
    await sleep(waitMs, undefined, { signal: stop }).catch((error: unknown) => {
      if (!stop.aborted) throw error;
    });
  }
}

/** Wrong files stay wrong until somebody corrects them, and so do rights. */
function isFinal({ code }: CodedError): boolean {
  return errorCodes[code].exitStatus === 2 || code === "MQTT_SUBSCRIBE_REFUSED";
}

/** @returns how it ended; null when it was stopped */
async function oneConnection(
  { url, clientId, filters, credentials, onMessage, onConnected, onRefused }: ListenerOptions,
  negotiation: Negotiation,
  stop: AbortSignal,
): Promise<ConnectionLoss | null> {
  let onLost: (loss: ConnectionLoss) => void = () => undefined;
  const lost = new Promise<ConnectionLoss>((resolve) => {
    onLost = resolve;
  });
  const stopped = new Promise<null>((resolve) => stop.addEventListener("abort", () => resolve(null), { once: true }));
  const connecting = negotiation.connect({
    ...{ url, clientId, ...(await credentials()), will: null },
    ...{ keepaliveS: KEEPALIVE_S, connectTimeoutMs: CONNECT_TIMEOUT_MS },
    onReceived: onMessage,
    onLost,
  });
  const client = await Promise.race([connecting, stopped]);
  if (client === null) {
    // Nobody waits for a connection that comes about now.
    connecting.then(
      (late) => late.destroy(),
      () => undefined,
    );
    return null;
  }
  try {
    onConnected(client.version === 5 ? "5" : "3.1.1");
    const refused = await subscribeTo(client, filters);
    refused.forEach(onRefused);
    return await Promise.race([lost, stopped]);
  } finally {
    client.destroy();
  }
}

/** One after the other, in their order. @returns those that are refused @throws CodedError where none is granted, or the connection ends */
async function subscribeTo(client: Client, filters: readonly string[]): Promise<readonly CodedError[]> {
  const refused: CodedError[] = [];
  for (const filter of filters) {
    try {
      await client.subscribe(filter);
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== "MQTT_SUBSCRIBE_REFUSED") throw error;
      refused.push(error);
    }
  }
  if (refused.length === filters.length) throw refused[0];
  return refused;
}
