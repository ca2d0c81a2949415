import protobuf from "protobufjs";

/**
 * Sparkplug B's messages (Sparkplug 3.0, 6.4.1): the part that an edge node like this one says and hears. What else a message holds is
 * left out when it is read.
 */
const Payload = protobuf
  .parse(`
  syntax = "proto2";
  message Metric {
    optional string name = 1; optional uint64 alias = 2; optional uint64 timestamp = 3; optional uint32 datatype = 4;
    optional bool is_historical = 5; optional bool is_null = 7;
    oneof value {
      uint32 int_value = 10; uint64 long_value = 11; float float_value = 12; double double_value = 13;
      bool boolean_value = 14; string string_value = 15;
    }
  }
  message Payload { optional uint64 timestamp = 1; repeated Metric metrics = 2; optional uint64 seq = 3; }
`)
  .root.lookupType("Payload");

/** By its names in the specification (6.4.16): what this agent's metrics are. */
export const DATATYPE = { Int64: 4, UInt32: 7, UInt64: 8, Double: 10, Boolean: 11, String: 12 } as const;

export type Datatype = keyof typeof DATATYPE;

/** Null: there is none at the moment. Whole numbers are not negative, and below 2^53. */
export type Value = boolean | number | string | null;

/** A metric as it goes out: in a birth certificate with its name and datatype, later by its alias alone. */
export interface Metric {
  readonly name?: string;
  readonly alias?: number;
  /** When the value was taken, epoch milliseconds. */
  readonly timestampMs: number;
  readonly datatype: Datatype;
  readonly value: Value;
  readonly isHistorical?: true;
}

const FIELD: Readonly<Record<Datatype, string>> = {
  Int64: "longValue",
  UInt32: "intValue",
  UInt64: "longValue",
  Double: "doubleValue",
  Boolean: "booleanValue",
  String: "stringValue",
};

/** The most bytes of a command: a few names and values. */
const MOST_BYTES = 65_536;

export const CONTENT_TYPE = "application/x-protobuf";

/** @param seq absent in NDEATH alone @param atMs when it is sent; absent in NDEATH, which is written long before */
export function encode(
  metrics: readonly Metric[],
  { seq, atMs }: { readonly seq?: number; readonly atMs?: number },
): Uint8Array {
  const payload = { metrics: metrics.map(wireOf), seq, timestamp: atMs };
  return Payload.encode(payload).finish();
}

function wireOf({ name, alias, timestampMs, datatype, value, isHistorical }: Metric): object {
  return {
    name,
    alias,
    timestamp: timestampMs,
    // 6.4.6: not with data, whose datatype is that of the birth certificate.
    ...(name === undefined ? {} : { datatype: DATATYPE[datatype] }),
    ...(isHistorical === undefined ? {} : { isHistorical }),
    ...(value === null ? { isNull: true } : { [FIELD[datatype]]: value }),
  };
}

/** A metric of a command, whatever its sender wrote into it. */
export interface Written {
  readonly name: string | null;
  readonly alias: number | null;
  readonly value: Value;
}

/** Reads the metrics of a command. @throws Error what is no such message, or too large */
export function decode(bytes: Uint8Array): readonly Written[] {
  if (bytes.byteLength > MOST_BYTES) throw new Error(`${bytes.byteLength} bytes, the limit is ${MOST_BYTES}`);
  const { metrics } = Payload.toObject(Payload.decode(bytes), { arrays: true, longs: Number }) as {
    readonly metrics: readonly Readonly<Record<string, unknown>>[];
  };
  return metrics.map(({ name, alias, isNull, ...rest }) => ({
    name: typeof name === "string" ? name : null,
    alias: typeof alias === "number" ? alias : null,
    value: isNull === true ? null : valueIn(rest),
  }));
}

function valueIn(fields: Readonly<Record<string, unknown>>): Value {
  const { intValue, longValue, floatValue, doubleValue, booleanValue, stringValue } = fields;
  const value = intValue ?? longValue ?? floatValue ?? doubleValue ?? booleanValue ?? stringValue;
  return typeof value === "number" || typeof value === "boolean" || typeof value === "string" ? value : null;
}
