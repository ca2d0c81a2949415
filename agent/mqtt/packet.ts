/** MQTT 5, or 3.1.1 for brokers that have nothing newer. */
export type ProtocolVersion = 5 | 4;

/** A message on its way to the broker, its topic in full. */
export interface Packet {
  readonly topic: string;
  /** Text is JSON, bytes are a JPEG, unless `contentType` says otherwise. */
  readonly payload: string | Uint8Array;
  /** MQTT 5 only. */
  readonly contentType?: string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  /** MQTT 5 only; dropped on 3.1.1. */
  readonly expirySeconds?: number;
  readonly correlationData?: Buffer;
  /** The name by which it differs from others on its topic; absent where it stands for the topic, as a state does. */
  readonly key?: string;
}

/** A message from the broker. */
export interface Received {
  readonly topic: string;
  readonly payload: Buffer;
  readonly retained: boolean;
  /** MQTT 5 request/response (4.10). */
  readonly responseTopic: string | null;
  readonly correlationData: Buffer | null;
  /** MQTT 5's user property `by`: who sends it. */
  readonly by: string | null;
}

/** By what a packet is remembered when a connection ends before it is acknowledged. */
export function keyOf({ key, topic }: Packet): string {
  return key ?? topic;
}

/** The properties of MQTT 5 that a message carries, by the names of the library. */
export interface PublishProperties {
  readonly contentType: string;
  readonly payloadFormatIndicator?: boolean;
  readonly messageExpiryInterval?: number;
  readonly correlationData?: Buffer;
}

export function publishProperties(packet: Packet): PublishProperties {
  const { payload, contentType, expirySeconds, correlationData } = packet;
  return {
    ...(typeof payload === "string"
      ? { contentType: contentType ?? "application/json", payloadFormatIndicator: true }
      : { contentType: contentType ?? "image/jpeg" }),
    ...(expirySeconds === undefined ? {} : { messageExpiryInterval: expirySeconds }),
    ...(correlationData === undefined ? {} : { correlationData }),
  };
}

/** The bytes of the whole PUBLISH packet, as Maximum Packet Size counts them (MQTT 5, 2.1 and 3.3). */
export function packetBytes(packet: Packet, version: ProtocolVersion): number {
  const { topic, payload, qos } = packet;
  const properties = version === 5 ? propertyBytes(publishProperties(packet)) : null;
  const remaining =
    2 +
    Buffer.byteLength(topic) +
    (qos === 0 ? 0 : 2) +
    (properties === null ? 0 : variableLength(properties) + properties) +
    (typeof payload === "string" ? Buffer.byteLength(payload) : payload.byteLength);
  return 1 + variableLength(remaining) + remaining;
}

/** Each has an identifier of one byte (2.2.2.2); texts and bytes bring a length of two. */
function propertyBytes(properties: PublishProperties): number {
  const { contentType, payloadFormatIndicator, messageExpiryInterval, correlationData } = properties;
  return (
    3 +
    Buffer.byteLength(contentType) +
    (payloadFormatIndicator === undefined ? 0 : 2) +
    (messageExpiryInterval === undefined ? 0 : 5) +
    (correlationData === undefined ? 0 : 3 + correlationData.byteLength)
  );
}

/** Of a Variable Byte Integer (MQTT 5, 1.5.5). */
function variableLength(value: number): number {
  if (value < 128) return 1;
  if (value < 16_384) return 2;
  return value < 2_097_152 ? 3 : 4;
}
