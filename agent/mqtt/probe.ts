import { randomUUID } from "node:crypto";
import { CodedError } from "../../errors.js";
import { subscriptions, topics } from "../contract/topics.js";
import { within } from "../kit/within.js";
import type { Client, OpenClient } from "./client.js";
import type { Credentials } from "./credentials.js";
import { openClient } from "./mqtt-client.js";
import { Negotiation } from "./negotiation.js";

/** What a look at the broker has shown. */
export interface BrokerFindings {
  readonly version: "5" | "3.1.1";
  readonly retain: boolean;
  /** Why a message was refused; null where it was acknowledged. On MQTT 3.1.1 a broker cannot refuse one: it drops it. */
  readonly refusal: CodedError | null;
  /** The topic on which the message came back; null when it did not. */
  readonly heardOn: string | null;
  /** Of the agent's subscriptions those that are refused. */
  readonly unsubscribed: readonly CodedError[];
}

const LIMIT_MS = 4_000;
const HEAR_MS = 2_000;

/**
 * Connects to a broker as the agent does, its will included, subscribes as the agent does, publishes a message to `T/doctor` and listens
 * for it. All that under a client id and a topic of its own: a running agent is not thrown out, and its status stays.
 * @param base `T`
 * @throws CodedError as OpenClient
 */
export async function probeBroker(
  broker: Credentials & { readonly url: string; readonly base: string },
  open: OpenClient = openClient,
): Promise<BrokerFindings> {
  const { base, ...address } = broker;
  const topic = `${base}/${topics.doctor}`;
  const payload = JSON.stringify({ v: 1, id: randomUUID() });
  let onHeard: (topic: string) => void = () => undefined;
  const heard = new Promise<string>((resolve) => {
    onHeard = resolve;
  });
  const negotiation = new Negotiation(open);
  const client = await negotiation.connect({
    ...address,
    clientId: `retort-doctor-${process.pid}`,
    will: { topic, payload, qos: 1, retain: true },
    keepaliveS: 15,
    connectTimeoutMs: LIMIT_MS,
    onReceived: (message) => {
      if (message.payload.toString() === payload) onHeard(message.topic);
    },
    onLost: () => undefined,
  });
  try {
    const refused = await Promise.all([topic, ...subscriptions(base)].map((filter) => refusalOf(client, filter)));
    const refusal = await client.send({ topic, payload, qos: 1, retain: false }).then(() => null, coded);
    let heardOn: string | null = null;
    const listening = heard.then((where) => {
      heardOn = where;
    });
    if (refusal === null) await within(HEAR_MS, listening);
    return {
      version: client.version === 5 ? "5" : "3.1.1",
      retain: negotiation.retain && client.limits.retain,
      refusal,
      heardOn,
      unsubscribed: refused.slice(1).filter((error) => error !== null),
    };
  } finally {
    if (!(await within(LIMIT_MS, client.close()))) client.destroy();
  }
}

function refusalOf(client: Client, filter: string): Promise<CodedError | null> {
  return client.subscribe(filter).then(() => null, coded);
}

function coded(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  throw error;
}
