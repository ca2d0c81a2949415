import type { EventEmitter } from "node:events";
import type { ClientRequest } from "node:http";
import { isIP } from "node:net";
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient, type Packet as MqttPacket } from "mqtt";
import { CodedError, messageOf } from "../../errors.js";
import {
  type Connack,
  type Failure,
  limitsOf,
  lossOf,
  publishRefusal,
  subscribeRefusal,
  tooLarge,
} from "./broker-answers.js";
import type { BrokerLimits, Client, ClientOptions, OpenClient } from "./client.js";
import { connectFailure } from "./connect-failure.js";
import { parseEveryReasonCode } from "./lenient-parser.js";
import { type Packet, type ProtocolVersion, packetBytes, publishProperties, type Received } from "./packet.js";
import { disconnectEffect, isRefusal, reasonText } from "./reason-codes.js";
import { type Address, addressOf, dial, speaksTls, type Transport } from "./transport.js";

/** The most bytes of a websocket frame that a broker sends: what the agent subscribes to is limited to far less. */
const MAX_WEBSOCKET_BYTES = 1_048_576;

parseEveryReasonCode();

/** Connects once, by the library mqtt: the only file that imports it. */
export const openClient: OpenClient = (options) =>
  new Promise((resolve, reject) => {
    const address = addressOf(options.url);
    const transport = dial(address, options.tls ?? null);
    const { secure, websocket } = address;
    let open = false;
    const mqttClient = clientOver(transport, address, libraryOptions(options), () => (open = true));
    let up = false;
    let over = false;
    let failure: Failure | null = null;
    let connack: Connack | null = null;
    const pending = new Set<(error: Error) => void>();

    const end = (forced: boolean, withWill = false): Promise<void> => {
      over = true;
      // Forced: no timer stays behind. mqtt calls back for what waits for its PUBACK, but not for what waits to be written.
      const ended = mqttClient.endAsync(forced, withWill && options.version === 5 ? { reasonCode: 4 } : {});
      if (forced) for (const fail of pending) fail(new Error("the connection is closed"));
      return ended;
    };
    const finish = (): void => {
      if (over) return;
      void end(true);
      if (up) options.onLost(lossOf(failure));
      else void refusal(transport.fault() ?? failure?.cause ?? null).then(reject);
    };
    const refusal = async (cause: unknown): Promise<CodedError> => {
      const stage = transport.stage();
      const wantsTls = !secure && stage === "connected" && connack === null && (await speaksTls(address));
      return connectFailure({ url: options.url, secure, websocket, stage, open, connack, failure: cause, wantsTls });
    };
    /** Calls mqtt; rejects also when the connection ends before mqtt has called back. */
    const ask = (at: string, call: (done: (error?: unknown) => void) => void): Promise<void> => {
      const called = new Promise<void>((done, failed) => {
        if (over) throw new Error("the connection is closed");
        pending.add(failed);
        call((error) => {
          pending.delete(failed);
          if (error) failed(error);
          else done();
        });
      });
      return called.catch((error: unknown) => {
        throw error instanceof CodedError ? error : new CodedError("MQTT_PUBLISH_FAILED", messageOf(error), { at });
      });
    };
    const clientWith = (limits: BrokerLimits): Client => ({
      version: options.version,
      limits,
      send: async (packet) => {
        const { topic, payload, qos } = packet;
        const bytes = packetBytes(packet, options.version);
        if (bytes > limits.maximumPacketBytes) throw tooLarge(topic, bytes, limits.maximumPacketBytes);
        const retain = packet.retain && options.retain && limits.retain;
        const settings = { qos, retain, ...propertiesOf(packet, options.version) };
        await ask(topic, (done) =>
          mqttClient.publish(topic, bytesOf(payload), settings, (error, answer) => {
            if (answer?.cmd !== "puback") done(error);
            // Below 128 the broker has it, whatever mqtt makes of the number.
            else if (isRefusal(answer.reasonCode ?? 0)) done(publishRefusal(topic, answer));
            else done();
          }),
        );
      },
      subscribe: async (filter) => {
        if (!limits.wildcards && /[+#]/.test(filter)) throw subscribeRefusal(filter, "the broker allows no wildcards");
        // Retain as published (MQTT 5, 3.8.3.1): without it a retained command looks like a live one, but at a new subscription.
        const settings = { qos: 1, ...(options.version === 5 ? { rap: true } : {}) } as const;
        await ask(filter, (done) =>
          mqttClient.subscribe(filter, settings, (error, _, answer) => {
            const reason = Number(answer?.granted[0] ?? 0);
            if (isRefusal(reason)) done(subscribeRefusal(filter, reasonText(reason, answer?.properties?.reasonString)));
            else done(error);
          }),
        );
      },
      close: (withWill) => end(false, withWill),
      destroy: () => void end(true),
    });

    // mqtt keeps to itself what a websocket's handshake failed of.
    mqttClient.stream.on("error", (cause) => (failure ??= { cause, effect: null }));
    mqttClient.on("packetreceive", (packet) => {
      if (packet.cmd === "connack") connack ??= packet;
      if (hasItsNumber(packet)) return;
      // mqtt reads it as -1, and throws when it acknowledges that. It does not ask us: so it gets a number, and the connection ends.
      packet.messageId = 1;
      failure = { cause: new Error(`the broker sent a ${packet.cmd} without its number`), effect: "blame" };
      finish();
    });
    mqttClient.on("message", (topic, payload, packet) => options.onReceived(received(topic, payload, packet)));
    mqttClient.on("error", (cause) => {
      failure = { cause, effect: null };
      // What cannot be parsed is an event of mqtt and no more: the connection would hang until a ping is missed (MQTT 5, 4.13.1: close it).
      finish();
    });
    mqttClient.on("disconnect", ({ reasonCode = 0, properties = {} }) => {
      const { reasonString, serverReference } = properties;
      const other = serverReference === undefined ? "" : `, its other server: ${serverReference}`;
      const cause = new Error(`the broker sent DISCONNECT, ${reasonText(reasonCode, reasonString)}${other}`);
      failure = { cause, effect: disconnectEffect(reasonCode) };
      finish();
    });
    mqttClient.on("close", finish);
    mqttClient.on("connect", (packet) => {
      // mqtt parses ahead of what it handles: nonsense behind a CONNACK is an error before the CONNACK is an event.
      if (over) return;
      const limits = limitsOf(packet, options.url);
      if (limits instanceof CodedError) {
        void end(true);
        reject(limits);
        return;
      }
      up = true;
      resolve(clientWith(limits));
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

function libraryOptions(options: ClientOptions): IClientOptions {
  const { will, version, retain } = options;
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
    ...(will === null ? {} : { will: willOf({ ...will, retain: will.retain && retain }, version) }),
  };
}

function willOf(will: Packet, version: ProtocolVersion): IClientOptions["will"] {
  const { topic, payload, qos, retain } = will;
  return { topic, payload: bytesOf(payload), qos, retain, ...propertiesOf(will, version) };
}

function propertiesOf(packet: Packet, version: ProtocolVersion): { properties?: IPublishPacket["properties"] } {
  return version === 5 ? { properties: { ...publishProperties(packet) } } : {};
}

/** A view of bytes, a copy of text. */
function bytesOf(payload: string | Uint8Array): Buffer {
  return typeof payload === "string"
    ? Buffer.from(payload)
    : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
}

/** MQTT 5, 2.2.1: which packets carry a packet identifier, from 1 to 65,535. */
function hasItsNumber(packet: MqttPacket): boolean {
  const numbered =
    /^(puback|pubrec|pubrel|pubcomp|suback|unsuback)$/.test(packet.cmd) || (packet.cmd === "publish" && packet.qos > 0);
  const { messageId = 0 } = packet;
  return !numbered || (messageId >= 1 && messageId <= 65_535);
}

/** Characters of a name that go into the log. */
const MOST_BY = 200;

function received(topic: string, payload: Buffer, packet: IPublishPacket): Received {
  const { responseTopic, correlationData, userProperties } = packet.properties ?? {};
  // A property may come several times (MQTT 5, 3.3.2.3.7).
  const [by = null] = [userProperties?.by ?? []].flat();
  return {
    topic,
    payload,
    retained: packet.retain,
    responseTopic: responseTopic ?? null,
    correlationData: correlationData ?? null,
    by: by === null || by === "" ? null : by.slice(0, MOST_BY),
  };
}
