import type { EventEmitter } from "node:events";
import type { ClientRequest } from "node:http";
import { isIP } from "node:net";
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient, type Packet as MqttPacket } from "mqtt";
import { CodedError, type ErrorCode, messageOf } from "../../errors.js";
import { connectFailure, isConnack } from "./connect-failure.js";
import { type Address, addressOf, dial, speaksTls, type TlsIdentity, type Transport } from "./transport.js";

/** MQTT 5, or 3.1.1 for brokers that have nothing newer. */
export type ProtocolVersion = 5 | 4;

/** One packet, its topic in full. */
export interface Packet {
  readonly topic: string;
  /** Text is JSON, bytes are a JPEG. */
  readonly payload: string | Uint8Array;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  /** MQTT 5 only; dropped on 3.1.1. */
  readonly expirySeconds?: number;
  readonly correlationData?: Buffer;
}

export interface Received {
  readonly topic: string;
  readonly payload: Buffer;
  readonly retained: boolean;
  /** MQTT 5 request/response (4.10). */
  readonly responseTopic: string | null;
  readonly correlationData: Buffer | null;
}

export interface ClientOptions {
  readonly url: string;
  readonly version: ProtocolVersion;
  readonly clientId: string;
  readonly username: string | null;
  readonly password: string | null;
  /** For mqtts:// and wss://. */
  readonly tls?: TlsIdentity | null;
  /** Null for a look at the broker only. */
  readonly will: Packet | null;
  readonly keepaliveS: number;
  readonly connectTimeoutMs: number;
  readonly onReceived: (message: Received) => void;
  /** Once, after the connection was up and is no more, except by close(). */
  readonly onLost: (loss: ConnectionLoss) => void;
}

export interface ConnectionLoss {
  readonly reason: string;
  /** Another client connected under the same id: DISCONNECT with reason 142 (MQTT 5, 3.14.2.1). */
  readonly takenOver: boolean;
  /** The broker closed the connection without a word. */
  readonly unexplained: boolean;
}

/** One connection to a broker, from its CONNACK to its end: it never reconnects by itself. */
export interface Client {
  readonly version: ProtocolVersion;
  /** How many QoS 1 packets the broker takes before it has acknowledged one (MQTT 5, 3.2.2.3.3). */
  readonly receiveMaximum: number;
  /** The largest packet that the broker takes (MQTT 5, 3.2.2.3.6). */
  readonly maximumPacketBytes: number;
  /** QoS 1: resolves on PUBACK; QoS 0: once written. Rejects when the broker refuses it or the connection is lost before. */
  send(packet: Packet): Promise<void>;
  subscribe(topics: readonly string[]): Promise<void>;
  /** DISCONNECT, so that the broker forgets the will; waits for what is not yet acknowledged. */
  close(): Promise<void>;
  /** Cuts the connection: the broker publishes the will. */
  destroy(): void;
}

/** Of one websocket frame that a broker sends: what we subscribe to is limited to far less. */
const MAX_WEBSOCKET_BYTES = 1_048_576;

export type OpenClient = (options: ClientOptions) => Promise<Client>;

/**
 * Connects once. The only file that imports mqtt.
 * @throws CodedError MQTT_UNREACHABLE (no network connection), MQTT_VERSION_REFUSED (the broker does not speak this version,
 * or hung up at our CONNECT, which is how some say it), MQTT_NOT_AUTHORIZED, MQTT_REFUSED, MQTT_TLS_..., MQTT_WEBSOCKET_REFUSED.
 */
export const openClient: OpenClient = (options) =>
  new Promise((resolve, reject) => {
    const address = addressOf(options.url);
    const transport = dial(address, options.tls ?? null);
    let open = false;
    const mqttClient = clientOver(transport, address, clientOptions(options), () => (open = true));
    let up = false;
    let over = false;
    let failure: unknown = null;
    let takenOver = false;
    const finish = () => {
      if (over) return;
      over = true;
      // Forced: the callbacks of what was on its way are called with an error, and no timer stays behind.
      mqttClient.end(true);
      if (up) {
        const reason = failure === null ? "the broker closed the connection" : messageOf(failure);
        options.onLost({ reason, takenOver, unexplained: failure === null });
      } else void refusal(transport.fault() ?? failure).then(reject);
    };
    const refusal = async (cause: unknown): Promise<CodedError> => {
      const { secure, websocket } = address;
      const stage = transport.stage();
      const wantsTls = !secure && stage === "connected" && !isConnack(cause) && (await speaksTls(address));
      return connectFailure({ url: options.url, secure, websocket, stage, open, failure: cause, wantsTls });
    };
    const client = (receiveMaximum: number, maximumPacketBytes: number): Client => ({
      version: options.version,
      receiveMaximum,
      maximumPacketBytes,
      send: (packet) =>
        new Promise((sent, failed) => {
          const { qos, retain } = packet;
          if (over) {
            failed(sendFailure(packet, new Error("the connection is closed")));
            return;
          }
          mqttClient.publish(
            packet.topic,
            bytesOf(packet.payload),
            { qos, retain, ...v5(options.version, packet) },
            (error) => (error ? failed(sendFailure(packet, error)) : sent()),
          );
        }),
      subscribe: async (topics) => {
        // Retain as published (MQTT 5, 3.8.3.1): else a retained command is told from a live one only at a new start.
        await mqttClient.subscribeAsync([...topics], { qos: 1, ...(options.version === 5 ? { rap: true } : {}) });
      },
      close: () => {
        over = true;
        return mqttClient.endAsync();
      },
      destroy: () => {
        over = true;
        mqttClient.end(true);
      },
    });
    // mqtt keeps to itself what a websocket's handshake failed of.
    mqttClient.stream.on("error", (error) => (failure ??= error));
    mqttClient.on("packetreceive", (packet) => {
      if (hasItsNumber(packet)) return;
      // mqtt reads it as -1, and throws when it acknowledges that. It does not ask us: so it gets a number, and the connection ends.
      packet.messageId = 1;
      failure = new Error(`the broker sent a ${packet.cmd} without its number`);
      finish();
    });
    mqttClient.on("message", (topic, payload, packet) => options.onReceived(received(topic, payload, packet)));
    mqttClient.on("error", (error) => {
      failure = error;
      // Of what cannot be parsed mqtt only tells, and the connection would hang until a ping is missed (MQTT 5, 4.13.1: close it).
      finish();
    });
    mqttClient.on("disconnect", (packet) => {
      takenOver = packet.reasonCode === 142;
      failure = new Error(`the broker sent DISCONNECT, reason ${packet.reasonCode ?? 0}`);
    });
    mqttClient.on("close", finish);
    mqttClient.on("connect", (connack) => {
      // mqtt parses ahead of what it handles: nonsense behind a CONNACK is told before the CONNACK.
      if (over) return;
      up = true;
      const { receiveMaximum = 65_535, maximumPacketSize = 268_435_455 } = connack.properties ?? {};
      resolve(client(receiveMaximum, maximumPacketSize));
    });
  });

/** @param onOpen when MQTT can be spoken */
function clientOver(transport: Transport, address: Address, options: IClientOptions, onOpen: () => void): MqttClient {
  const { secure, websocket, host, port, path } = address;
  if (!websocket) {
    transport.socket.once(secure ? "secureConnect" : "connect", onOpen);
    return new mqtt.MqttClient(() => transport.socket, options);
  }
  // ws dials by itself unless it is given the connection; neither it nor mqtt has a say in TLS.
  const finishRequest = (request: ClientRequest, socket: EventEmitter) => {
    socket.once("open", onOpen);
    request.end();
  };
  return mqtt.connect({
    ...options,
    protocol: secure ? "wss" : "ws",
    hostname: isIP(host) === 6 ? `[${host}]` : host,
    port,
    path,
    wsOptions: { createConnection: () => transport.socket, finishRequest, maxPayload: MAX_WEBSOCKET_BYTES },
  });
}

function clientOptions(options: ClientOptions): IClientOptions {
  const { will, version } = options;
  return {
    protocolVersion: version,
    clientId: options.clientId,
    clean: true,
    keepalive: options.keepaliveS,
    // Else a stream of scores into a dead connection would put off the ping that notices.
    reschedulePings: false,
    connectTimeout: options.connectTimeoutMs,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    timerVariant: "native",
    // mqtt's own are gone once it is closed, and what a broker sent before that is still handled: it threw, and nobody could catch it.
    incomingStore: new mqtt.Store({ clean: false }),
    outgoingStore: new mqtt.Store({ clean: false }),
    ...(options.username === null ? {} : { username: options.username }),
    ...(options.password === null ? {} : { password: options.password }),
    ...(will === null ? {} : { will: willOf(will, version) }),
  };
}

function willOf({ topic, payload, qos, retain }: Packet, version: ProtocolVersion): IClientOptions["will"] {
  const properties = version === 5 ? { properties: { contentType, payloadFormatIndicator: true } } : {};
  return { topic, payload: bytesOf(payload), qos, retain, ...properties };
}

/** A view of bytes, a copy of text. */
function bytesOf(payload: string | Uint8Array): Buffer {
  return typeof payload === "string"
    ? Buffer.from(payload)
    : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
}

const contentType = "application/json";

function v5(version: ProtocolVersion, packet: Packet): { properties?: IPublishPacket["properties"] } {
  if (version !== 5) return {};
  const { expirySeconds, correlationData } = packet;
  return {
    properties: {
      ...(typeof packet.payload === "string"
        ? { contentType, payloadFormatIndicator: true }
        : { contentType: "image/jpeg" }),
      ...(expirySeconds === undefined ? {} : { messageExpiryInterval: expirySeconds }),
      ...(correlationData === undefined ? {} : { correlationData }),
    },
  };
}

/** MQTT 5, 2.2.1: which packets carry a packet identifier, from 1 to 65,535. */
function hasItsNumber(packet: MqttPacket): boolean {
  const numbered =
    /^(puback|pubrec|pubrel|pubcomp|suback|unsuback)$/.test(packet.cmd) || (packet.cmd === "publish" && packet.qos > 0);
  const { messageId = 0 } = packet;
  return !numbered || (messageId >= 1 && messageId <= 65_535);
}

function received(topic: string, payload: Buffer, packet: IPublishPacket): Received {
  const { responseTopic, correlationData } = packet.properties ?? {};
  return {
    topic,
    payload,
    retained: packet.retain,
    responseTopic: responseTopic ?? null,
    correlationData: correlationData ?? null,
  };
}

/** Topic name, packet size, payload format. */
const invalid = [144, 149, 153];

function sendFailure(packet: Packet, error: Error): CodedError {
  // PUBACK with a reason of 128 and more (MQTT 5, 3.4.2.1): the broker has it and will not take it.
  const reason = "code" in error && typeof error.code === "number" ? error.code : 0;
  const [code, remedy]: [ErrorCode, string] = invalid.includes(reason)
    ? ["MQTT_PUBLISH_INVALID", "See the broker's log: no repetition helps."]
    : reason >= 128
      ? ["MQTT_PUBLISH_REFUSED", "Check the broker's access list for this topic."]
      : ["MQTT_PUBLISH_FAILED", "It is sent again over the next connection."];
  return new CodedError(code, error.message, {
    remedy,
    at: packet.topic,
    cause: error,
  });
}
