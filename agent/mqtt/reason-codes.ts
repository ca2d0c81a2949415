import type { ErrorCode } from "../../errors.js";

/**
 * The reason codes of MQTT 5 (table 2-6) and the return codes of MQTT 3.1.1 (table 3.1): what each means in the packets in which a
 * broker sends it. A code that is not listed, or comes in a packet for which it is not listed, has that packet's usual effect.
 */

/** MQTT 5, 2.4: from here on a reason code is a refusal. */
const REFUSALS_FROM = 0x80;

/** What becomes of a message that a broker refuses by PUBACK. */
export type PublishEffect =
  /** It may be taken later: an alert waits and is sent again, other messages are given up. The usual one. */
  | "later"
  /** It never will be: it is given up. */
  | "never";

/** What follows from the end of a connection. */
export type DisconnectEffect =
  /** The agent reconnects. The usual one. */
  | "reconnect"
  /** The agent reconnects after a minute. */
  | "wait"
  /** One of the packets that are not acknowledged is to blame: see hang-ups.ts. */
  | "blame"
  /** Another client connected under the same id. */
  | "taken-over"
  /** The agent reconnects without the retain flag. */
  | "no-retain"
  /** The broker has no QoS 1: the agent does not use it. */
  | "no-qos";

interface Reason {
  readonly name: string;
  /** Of a connection that the broker refuses; MQTT_REFUSED unless given. */
  readonly connack?: ErrorCode;
  readonly puback?: PublishEffect;
  readonly disconnect?: DisconnectEffect;
}

/** MQTT 5. Every refusal of a subscription (SUBACK) has the same effect: it is reported, and asked for again later. */
export const REASONS: Readonly<Record<number, Reason>> = {
  128: { name: "unspecified error", disconnect: "blame" },
  129: { name: "malformed packet", disconnect: "blame" },
  130: { name: "protocol error", disconnect: "blame" },
  131: { name: "implementation specific error", disconnect: "blame" },
  132: { name: "unsupported protocol version", connack: "MQTT_VERSION_REFUSED" },
  133: { name: "client identifier not valid", connack: "MQTT_CLIENT_ID_REFUSED" },
  134: { name: "bad user name or password", connack: "MQTT_NOT_AUTHORIZED" },
  135: { name: "not authorized", connack: "MQTT_NOT_AUTHORIZED", disconnect: "blame" },
  136: { name: "server unavailable", connack: "MQTT_BROKER_BUSY" },
  137: { name: "server busy", connack: "MQTT_BROKER_BUSY", disconnect: "wait" },
  138: { name: "banned", connack: "MQTT_BANNED" },
  139: { name: "server shutting down" },
  140: { name: "bad authentication method" },
  141: { name: "keep alive timeout" },
  142: { name: "session taken over", disconnect: "taken-over" },
  143: { name: "topic filter invalid", disconnect: "blame" },
  144: { name: "topic name invalid", puback: "never", disconnect: "blame" },
  145: { name: "packet identifier in use" },
  146: { name: "packet identifier not found" },
  147: { name: "receive maximum exceeded" },
  148: { name: "topic alias invalid", disconnect: "blame" },
  // Mosquitto answers so past its message_size_limit, though the specification does not list it for PUBACK.
  149: { name: "packet too large", puback: "never", disconnect: "blame" },
  150: { name: "message rate too high", disconnect: "wait" },
  151: { name: "quota exceeded", connack: "MQTT_LIMIT_EXCEEDED", disconnect: "wait" },
  152: { name: "administrative action" },
  153: { name: "payload format invalid", puback: "never", disconnect: "blame" },
  154: { name: "retain not supported", connack: "MQTT_NO_RETAIN", disconnect: "no-retain" },
  155: { name: "QoS not supported", connack: "MQTT_NO_QOS", disconnect: "no-qos" },
  156: { name: "use another server", connack: "MQTT_MOVED" },
  157: { name: "server moved", connack: "MQTT_MOVED" },
  158: { name: "shared subscriptions not supported", disconnect: "blame" },
  159: { name: "connection rate exceeded", connack: "MQTT_LIMIT_EXCEEDED", disconnect: "wait" },
  160: { name: "maximum connect time" },
  161: { name: "subscription identifiers not supported", disconnect: "blame" },
  162: { name: "wildcard subscriptions not supported", disconnect: "blame" },
};

/** MQTT 3.1.1, CONNACK: its only refusals but one, the 128 of SUBACK. A broker of 3.1.1 may answer so to MQTT 5, too. */
export const RETURN_CODES: Readonly<Record<number, Reason>> = {
  1: { name: "unacceptable protocol version", connack: "MQTT_VERSION_REFUSED" },
  2: { name: "identifier rejected", connack: "MQTT_CLIENT_ID_REFUSED" },
  3: { name: "server unavailable", connack: "MQTT_BROKER_BUSY" },
  4: { name: "bad user name or password", connack: "MQTT_NOT_AUTHORIZED" },
  5: { name: "not authorized", connack: "MQTT_NOT_AUTHORIZED" },
};

export function isRefusal(reason: number): boolean {
  return reason >= REFUSALS_FROM;
}

/** For people: the reason's name and number, and the broker's own words where it sent some (MQTT 5, 3.1.2.11.7). */
export function reasonText(reason: number, words?: string): string {
  const name = (REASONS[reason] ?? RETURN_CODES[reason])?.name;
  const text = name === undefined ? `reason ${reason}` : `${name} (reason ${reason})`;
  return words === undefined || words === "" ? text : `${text}: ${words}`;
}

export function connackCode(reason: number): ErrorCode {
  return (REASONS[reason] ?? RETURN_CODES[reason])?.connack ?? "MQTT_REFUSED";
}

export function pubackEffect(reason: number): PublishEffect {
  return REASONS[reason]?.puback ?? "later";
}

export function disconnectEffect(reason: number): DisconnectEffect {
  return REASONS[reason]?.disconnect ?? "reconnect";
}
