import { createServer, type Socket } from "node:net";

/** Packet types of MQTT, by the upper half of the first byte (MQTT 5, table 2-1). */
const CONNECT = 1;
const PUBLISH = 3;
const SUBSCRIBE = 8;
const PINGREQ = 12;
const DISCONNECT = 14;

export interface Connect {
  readonly kind: "connect";
  readonly version: number;
  readonly keepaliveS: number;
  /** Clean Session, of MQTT 5 Clean Start. */
  readonly clean: boolean;
  /** Of its properties; 0: there are none, and so the session ends with the connection (MQTT 5, 3.1.2.11.2). */
  readonly propertyBytes: number;
  readonly will: { readonly qos: number; readonly retain: boolean } | null;
}

export interface Publish {
  readonly kind: "publish";
  readonly topic: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly id: number;
  readonly payload: string;
  /** Of the whole packet. */
  readonly bytes: number;
}

export interface Subscribe {
  readonly kind: "subscribe";
  readonly filter: string;
  readonly id: number;
}

export type Sent = Connect | Publish | Subscribe | { readonly kind: "ping" } | Disconnect;

interface Disconnect {
  readonly kind: "disconnect";
  /** 0 where none is given. */
  readonly reason: number;
}

/** Bytes to be sent; `hang-up`: FIN; `reset`: RST; `nothing`: no answer. */
export type Answer = Buffer | "hang-up" | "reset" | "nothing";

/** What the broker answers; a usual broker's answer unless given. @param connection counts connections, from 1 */
export interface Script {
  readonly connect?: (connect: Connect, connection: number) => Answer;
  readonly publish?: (publish: Publish, connection: number) => Answer | null;
  readonly subscribe?: (subscribe: Subscribe, connection: number) => Answer | null;
  readonly ping?: () => Answer;
}

export interface ScriptedBroker {
  readonly url: string;
  /** Everything that clients sent, in its order. */
  readonly sent: readonly (Sent & { readonly connection: number })[];
  /** What was published to a topic, whatever was answered. */
  published(topic: string): readonly Publish[];
  connections(): number;
  /** Sends bytes over the newest connection. */
  say(bytes: Buffer): void;
  close(): Promise<void>;
}

/** A broker that answers what a test wants, byte for byte; after the answer to nothing else does it wait or clean up. */
export async function startScriptedBroker(script: Script = {}): Promise<ScriptedBroker> {
  const sent: (Sent & { connection: number })[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let newest: Socket | null = null;
  const server = createServer({ noDelay: true }, (socket) => {
    connections += 1;
    const connection = connections;
    let version = 5;
    let rest = Buffer.alloc(0);
    newest = socket;
    sockets.add(socket);
    socket.on("error", () => socket.destroy()).once("close", () => sockets.delete(socket));
    const give = (answer: Answer): void => {
      if (answer === "hang-up") socket.end();
      else if (answer === "reset") socket.resetAndDestroy();
      else if (answer !== "nothing") socket.write(answer);
    };
    const handle = (packet: Sent): void => {
      sent.push({ ...packet, connection });
      if (packet.kind === "connect") {
        version = packet.version;
        give(script.connect?.(packet, connection) ?? connack(version));
      } else if (packet.kind === "publish") {
        const usual = packet.qos === 1 ? puback(packet.id) : "nothing";
        give(script.publish?.(packet, connection) ?? usual);
      } else if (packet.kind === "subscribe") {
        give(script.subscribe?.(packet, connection) ?? suback(version, packet.id, 1));
      } else if (packet.kind === "ping") give(script.ping?.() ?? Buffer.from([0xd0, 0]));
    };
    socket.on("data", (data: Buffer) => {
      rest = Buffer.concat([rest, data]);
      for (let packet = firstPacket(rest); packet !== null; packet = firstPacket(rest)) {
        const [head] = rest;
        const body = rest.subarray(packet.from, packet.to);
        rest = rest.subarray(packet.to);
        const read = parse(head ?? 0, body, version, packet.to);
        if (read !== null) handle(read);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `mqtt://127.0.0.1:${port}`,
    sent,
    published: (topic) => sent.filter((each) => each.kind === "publish").filter((each) => each.topic === topic),
    connections: () => connections,
    say: (bytes) => newest?.write(bytes),
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** @param properties of MQTT 5, as bytes */
export function connack(version: number, reason = 0, properties: readonly number[] = []): Buffer {
  if (version !== 5) return Buffer.from([0x20, 2, 0, reason]);
  return Buffer.from([0x20, 3 + properties.length, 0, reason, properties.length, ...properties]);
}

/** Of MQTT 5 with a reason, which 3.1.1 does not have. */
export function puback(id: number, reason?: number): Buffer {
  const number = [id >> 8, id & 0xff];
  return Buffer.from(reason === undefined ? [0x40, 2, ...number] : [0x40, 3, ...number, reason]);
}

export function suback(version: number, id: number, reason: number): Buffer {
  const number = [id >> 8, id & 0xff];
  return Buffer.from(version === 5 ? [0x90, 4, ...number, 0, reason] : [0x90, 3, ...number, reason]);
}

/** A message of MQTT 5, QoS 0, shorter than 128 bytes. */
export function publishPacket(topic: string, payload: string): Buffer {
  const body = Buffer.from(`\0${String.fromCharCode(topic.length)}${topic}\0${payload}`);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

export function disconnect(reason: number): Buffer {
  return Buffer.from([0xe0, 2, reason, 0]);
}

/** Where the first packet's body lies; null while it is not all there. */
function firstPacket(bytes: Buffer): { readonly from: number; readonly to: number } | null {
  let length = 0;
  for (let at = 1; at < Math.min(5, bytes.length); at += 1) {
    const byte = bytes[at]!;
    length += (byte & 0x7f) * 128 ** (at - 1);
    if (byte < 0x80) return bytes.length > at + length ? { from: at + 1, to: at + 1 + length } : null;
  }
  return null;
}

function parse(head: number, body: Buffer, version: number, bytes: number): Sent | null {
  const type = head >> 4;
  if (type === CONNECT) {
    const flags = body[7] ?? 0;
    const will = (flags & 4) === 0 ? null : { qos: (flags >> 3) & 3, retain: (flags & 0x20) !== 0 };
    const [clean, version] = [(flags & 2) !== 0, body[6] ?? 0];
    const propertyBytes = version === 5 ? (body[10] ?? 0) : 0;
    return { kind: "connect", version, keepaliveS: body.readUInt16BE(8), clean, propertyBytes, will };
  }
  if (type === PUBLISH) {
    const qos = (head >> 1) & 3;
    const topicEnd = 2 + body.readUInt16BE(0);
    const idEnd = topicEnd + (qos === 0 ? 0 : 2);
    const payloadFrom = version === 5 ? idEnd + 1 + (body[idEnd] ?? 0) : idEnd;
    return {
      kind: "publish",
      topic: body.toString("utf8", 2, topicEnd),
      qos,
      retain: (head & 1) === 1,
      id: qos === 0 ? 0 : body.readUInt16BE(topicEnd),
      payload: body.toString("utf8", payloadFrom),
      bytes,
    };
  }
  if (type === SUBSCRIBE) {
    const from = version === 5 ? 3 : 2;
    const filter = body.toString("utf8", from + 2, from + 2 + body.readUInt16BE(from));
    return { kind: "subscribe", filter, id: body.readUInt16BE(0) };
  }
  if (type === PINGREQ) return { kind: "ping" };
  return type === DISCONNECT ? { kind: "disconnect", reason: body[0] ?? 0 } : null;
}
