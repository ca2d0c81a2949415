import { spawn } from "node:child_process";
import tahu from "sparkplug-payload/lib/sparkplugPayloadProto.js";
import type { Heard, Subscriber } from "./mosquitto.js";

/** What a host of Sparkplug hears and says, by Eclipse Tahu's own definitions and decoder. */

const { Payload } = tahu.org.eclipse.tahu.protobuf;

/** A metric as Tahu reads it; what it does not hold is absent. */
export interface HeardMetric {
  readonly name?: string;
  readonly alias?: number;
  readonly timestamp?: number;
  readonly datatype?: number;
  readonly isHistorical?: boolean;
  readonly isNull?: boolean;
  /** Whatever field it is in. */
  readonly value: unknown;
  readonly field: string | null;
}

export interface HeardPayload {
  readonly timestamp?: number;
  readonly seq?: number;
  readonly metrics: readonly HeardMetric[];
}

/** One message of an edge node. */
export interface SparkplugMessage extends HeardPayload {
  readonly verb: string;
  /** Null where it is about the edge node itself. */
  readonly device: string | null;
  readonly topic: string;
  readonly qos: number;
  readonly retained: boolean;
  readonly bytes: Buffer;
}

const FIELDS = ["intValue", "longValue", "floatValue", "doubleValue", "booleanValue", "stringValue"] as const;

export function decoded(bytes: Uint8Array): HeardPayload {
  const payload = Payload.toObject(Payload.decode(bytes), { longs: Number }) as {
    readonly timestamp?: number;
    readonly seq?: number;
    readonly metrics?: readonly Readonly<Record<string, unknown>>[];
  };
  return { ...payload, metrics: (payload.metrics ?? []).map(metricOf) };
}

function metricOf(metric: Readonly<Record<string, unknown>>): HeardMetric {
  const field = FIELDS.find((name) => metric[name] !== undefined) ?? null;
  return { ...metric, field, value: field === null ? null : metric[field] };
}

/** What a subscriber of spBv1.0/# has heard of an edge node, in its order. */
export function messagesIn({ heard }: Pick<Subscriber, "heard">): readonly SparkplugMessage[] {
  return heard.filter(({ topic }) => !/^spBv1\.0\/(STATE|[^/]+\/[ND]CMD)\//.test(topic)).map(messageIn);
}

function messageIn({ topic, bytes, qos, retained }: Heard): SparkplugMessage {
  const [, , verb = "", , device = null] = topic.split("/");
  return { verb, device, topic, qos, retained, bytes, ...decoded(bytes) };
}

/** A host's mind: what it makes of births and of data by alias. */
export function valuesOf(
  messages: readonly SparkplugMessage[],
  device: string | null,
): Readonly<Record<string, unknown>> {
  const names = new Map<number, string>();
  const values: Record<string, unknown> = {};
  for (const { metrics, device: of } of messages) {
    if (of !== device) continue;
    for (const { name, alias, value, isHistorical } of metrics) {
      if (name !== undefined && alias !== undefined) names.set(alias, name);
      const known = name ?? names.get(alias ?? -1);
      if (known === undefined) throw new Error(`alias ${alias} was never born`);
      if (isHistorical !== true) values[known] = value;
    }
  }
  return values;
}

/** A command as Tahu writes it. */
export function written(metrics: readonly Readonly<Record<string, unknown>>[]): Uint8Array {
  return Payload.encode(Payload.fromObject({ timestamp: Date.now(), metrics })).finish();
}

/** Publishes bytes, by mosquitto_pub; `flags` are its own. Resolves when the broker has taken them. */
export function publishBytes(port: number, topic: string, bytes: Uint8Array | string, ...flags: readonly string[]) {
  const options = ["-h", "127.0.0.1", "-p", String(port), "-t", topic, "-s", ...flags];
  const child = spawn("mosquitto_pub", options, { stdio: ["pipe", "inherit", "inherit"] });
  return new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => (status === 0 ? resolve() : reject(new Error(`mosquitto_pub: ${status}`))));
    child.stdin.end(bytes);
  });
}

/** Fields and values as Google's protobuf reads them, by their numbers alone. */
export function protocOf(bytes: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("protoc", ["--decode_raw"], { stdio: ["pipe", "pipe", "inherit"] });
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    child.once("error", reject);
    child.once("close", (status) => (status === 0 ? resolve(said) : reject(new Error(`protoc: ${status}`))));
    child.stdin.end(bytes);
  });
}
