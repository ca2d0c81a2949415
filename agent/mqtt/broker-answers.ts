import { CodedError, messageOf } from "../../errors.js";
import type { BrokerLimits, ConnectionLoss } from "./client.js";
import { connackCode, type DisconnectEffect, pubackEffect, reasonText } from "./reason-codes.js";

/** The part of a CONNACK that the agent reads, by the names of the library. */
export interface Connack {
  /** MQTT 5. */
  readonly reasonCode?: number;
  /** MQTT 3.1.1. */
  readonly returnCode?: number;
  readonly properties?: {
    readonly receiveMaximum?: number;
    readonly maximumPacketSize?: number;
    readonly maximumQoS?: number;
    readonly retainAvailable?: boolean;
    readonly wildcardSubscriptionAvailable?: boolean;
    readonly reasonString?: string;
    readonly serverReference?: string;
  };
}

/** MQTT 5, 3.2.2.3: what holds where the broker announces nothing, and on MQTT 3.1.1. */
const UNLIMITED = { receiveMaximum: 65_535, maximumPacketSize: 268_435_455 };

/**
 * The limits that a broker's yes comes with. What is not among them needs nothing: the agent uses neither topic aliases nor shared
 * subscriptions nor subscription identifiers, resumes no session, always has a client id of its own, and the library pings as
 * often as Server Keep Alive asks.
 * @returns an error where the agent cannot live with them: MQTT_NO_QOS, or MQTT_REFUSED for what no broker may announce
 */
export function limitsOf({ properties = {} }: Connack, url: string): BrokerLimits | CodedError {
  const { receiveMaximum, maximumPacketSize } = { ...UNLIMITED, ...properties };
  if (properties.maximumQoS === 0) {
    return new CodedError("MQTT_NO_QOS", "the broker takes QoS 0 only, which acknowledges no alert", { at: url });
  }
  // An announcement that comes twice is read as a list.
  for (const [name, value] of Object.entries({ receiveMaximum, maximumPacketSize })) {
    if (Number.isInteger(value) && value > 0) continue;
    return new CodedError("MQTT_REFUSED", `the broker announces ${name} ${value}: a protocol error`, { at: url });
  }
  return {
    receiveMaximum,
    maximumPacketBytes: maximumPacketSize,
    retain: properties.retainAvailable !== false,
    wildcards: properties.wildcardSubscriptionAvailable !== false,
  };
}

/** The broker's no to a connection; null where it said yes, or nothing. */
export function connackRefusal(connack: Connack | null, url: string): CodedError | null {
  const reason = connack?.reasonCode ?? connack?.returnCode ?? 0;
  if (reason === 0) return null;
  const { reasonString, serverReference } = connack?.properties ?? {};
  const other = serverReference === undefined ? "" : `, its other server: ${serverReference}`;
  const text = `the broker refuses the connection: ${reasonText(reason, reasonString)}${other}`;
  return new CodedError(connackCode(reason), text, { at: url });
}

export function tooLarge(topic: string, bytes: number, maximumBytes: number): CodedError {
  const text = `a message of ${bytes} bytes, the broker takes ${maximumBytes}`;
  return new CodedError("MQTT_PACKET_TOO_LARGE", text, { at: topic });
}

/** @param puback with a reason of 128 and more (MQTT 5, 3.4.2.1): the broker has read the message and does not take it */
export function publishRefusal(
  topic: string,
  puback: { readonly reasonCode?: number; readonly properties?: { readonly reasonString?: string } },
): CodedError {
  const { reasonCode = 0, properties } = puback;
  const text = `the broker refuses the message: ${reasonText(reasonCode, properties?.reasonString)}`;
  const code = pubackEffect(reasonCode) === "never" ? "MQTT_PUBLISH_INVALID" : "MQTT_PUBLISH_REFUSED";
  return new CodedError(code, text, { at: topic });
}

export function subscribeRefusal(filter: string, reason: string): CodedError {
  const text = `the broker refuses the subscription, so nothing arrives from there: ${reason}`;
  return new CodedError("MQTT_SUBSCRIBE_REFUSED", text, { at: filter });
}

/** What is known of a connection's end. */
export interface Failure {
  readonly cause: unknown;
  /** Null where it follows from the cause. */
  readonly effect: DisconnectEffect | null;
}

/** @param failure null when the broker closed the connection without a word */
export function lossOf(failure: Failure | null): ConnectionLoss {
  if (failure === null) return { reason: "the broker closed the connection without a word", effect: "hung-up" };
  return { reason: messageOf(failure.cause), effect: failure.effect ?? effectOf(failure.cause) };
}

/** mqtt's own words when a ping stays unanswered; the error has no code. */
const KEEPALIVE_TIMEOUT = "Keepalive timeout";

/**
 * A reset is how hanging up looks when more was on its way; and what cannot be parsed may be the broker's answer to a packet. Other
 * errors are the network's.
 */
function effectOf(cause: unknown): DisconnectEffect {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (typeof code === "string") return code === "ECONNRESET" || code === "EPIPE" ? "blame" : "reconnect";
  return messageOf(cause) === KEEPALIVE_TIMEOUT ? "reconnect" : "blame";
}
