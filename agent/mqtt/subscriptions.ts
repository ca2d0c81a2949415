import { setTimeout as sleep } from "node:timers/promises";
import { CodedError } from "../../errors.js";
import { subscriptionPacket } from "./ack-timeout.js";
import { type Connection, hungUpOn } from "./connection.js";

const AGAIN_MS = 60_000;
const AGAIN_MOST_MS = 600_000;

/**
 * Asks the broker for a subscription, and where it refuses asks again after one minute, then two, and so on to ten, as long as the
 * connection lives: an access list is mended some day.
 * @param over aborted when the connection has ended
 * @returns when the broker has answered for the first time; never rejects
 */
export async function subscribe(
  connection: Connection,
  filter: string,
  onTrouble: (trouble: CodedError) => void,
  over: AbortSignal,
): Promise<void> {
  const refusal = await ask(connection, filter);
  if (refusal === null || over.aborted) return;
  onTrouble(refusal);
  void askAgain(connection, filter, onTrouble, over);
}

async function askAgain(...[connection, filter, onTrouble, over]: Parameters<typeof subscribe>): Promise<void> {
  for (let waitMs = AGAIN_MS; ; waitMs = Math.min(AGAIN_MOST_MS, 2 * waitMs)) {
    await sleep(waitMs, undefined, { signal: over, ref: false }).catch(() => null);
    if (over.aborted) return;
    const refusal = await ask(connection, filter);
    if (refusal === null || over.aborted) return;
    onTrouble(refusal);
  }
}

/** @returns why the broker does not grant it; null when it does, or the connection has ended */
async function ask({ client, hangUps }: Connection, filter: string): Promise<CodedError | null> {
  const packet = subscriptionPacket(filter);
  if (hangUps.refuses(packet)) return hungUpOn(packet);
  try {
    await client.subscribe(filter);
    return null;
  } catch (error) {
    return error instanceof CodedError && error.code === "MQTT_SUBSCRIBE_REFUSED" ? error : null;
  }
}
