/** What a JSON Schema says about one value: https://json-schema.org/draft-07. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What a path leads to, for the looks that `check` takes at it. */
export type PathKind = "bundle" | "file" | "folder" | "pictures" | "secret" | "device" | "state";

/** What a single value may be. `accepts` is a type guard, so that types are inferred from the schema. */
export interface Format<Value = unknown> {
  readonly accepts: (value: unknown) => value is Value;
  /** Completes "must be ...". */
  readonly expected: string;
  /** Whether the environment's and `--set`'s text is the value as it stands, not YAML ("007" stays text). */
  readonly text: boolean;
  /** May be laxer than `accepts`: some rules have no words in JSON Schema. */
  readonly json: JsonSchema;
  /** Given for paths: they are made absolute. */
  readonly leadsTo?: PathKind;
  /** Words that stand for themselves, and are no path. */
  readonly words?: readonly string[];
}

type Accepts = (value: unknown) => boolean;

function textual(expected: string, json: JsonSchema, accepts: (value: string) => boolean): Format<string> {
  return {
    accepts: (value): value is string => typeof value === "string" && accepts(value),
    expected,
    text: true,
    json: { type: "string", ...json },
  };
}

function numeric(expected: string, json: JsonSchema, accepts: (value: number) => boolean): Format<number> {
  return {
    accepts: (value): value is number => typeof value === "number" && accepts(value),
    expected,
    text: false,
    json: { type: "number", ...json },
  };
}

export const text = textual("text", { pattern: "\\S" }, (value) => value.trim() !== "");

/** A path; a relative one begins where the configuration that names it is. */
export function path(leadsTo: PathKind): Format<string> {
  return { ...text, expected: leadsTo === "bundle" || leadsTo === "pictures" ? "a folder's path" : "a path", leadsTo };
}

export const flag: Format<boolean> = {
  accepts: (value) => typeof value === "boolean",
  expected: "true or false",
  text: false,
  json: { type: "boolean" },
};

export function oneOf<const Word extends string>(...words: readonly Word[]): Format<Word> {
  const known: readonly unknown[] = words;
  return {
    accepts: (value): value is Word => known.includes(value),
    expected: `one of ${words.join(", ")}`,
    text: true,
    json: { enum: words },
  };
}

export function integer(from: number, to: number): Format<number> {
  const json = { type: "integer", minimum: from, maximum: to };
  const accepts = (value: number) => Number.isInteger(value) && value >= from && value <= to;
  return numeric(from === to ? String(from) : `a whole number from ${from} to ${to}`, json, accepts);
}

export function number(from: number, to: number): Format<number> {
  const json = { minimum: from, maximum: to };
  return numeric(`a number from ${from} to ${to}`, json, (value) => value >= from && value <= to);
}

/** Above zero, up to `to`. */
export function positive(to: number): Format<number> {
  const json = { exclusiveMinimum: 0, maximum: to };
  return numeric(`a number above 0, up to ${to}`, json, (value) => value > 0 && value <= to);
}

/** A score: above zero, without an upper limit. */
export const score = numeric(
  "a number above 0",
  { exclusiveMinimum: 0 },
  (value) => value > 0 && Number.isFinite(value),
);

/** One of the words, or what the other format takes. */
export function either<const Word extends string, Value>(
  words: readonly Word[],
  other: Format<Value>,
): Format<Word | Value> {
  const known: readonly unknown[] = words;
  const isWord = (value: unknown): value is Word => known.includes(value);
  return {
    ...other,
    accepts: (value): value is Word | Value => isWord(value) || other.accepts(value),
    expected: `${words.join(", ")}, or ${other.expected}`,
    json: { anyOf: [{ enum: words }, other.json] },
    words,
  };
}

function list<Item extends string>(expected: string, items: JsonSchema, fewest: number, accepts: Accepts) {
  return {
    accepts: (value: unknown): value is readonly Item[] =>
      Array.isArray(value) && value.length >= fewest && value.every(accepts) && new Set(value).size === value.length,
    expected,
    text: false,
    json: { type: "array", items, minItems: fewest, uniqueItems: true },
  } satisfies Format<readonly Item[]>;
}

export function listOf<const Word extends string>(...words: readonly Word[]): Format<readonly Word[]> {
  const one = oneOf(...words);
  return list<Word>(`a list of one or more of ${words.join(", ")}, each once`, one.json, 1, one.accepts);
}

/** `{ frames: N }`: a part that is seen in so many pictures. */
export const frameCount: Format<{ readonly frames: number }> = {
  accepts: (value): value is { readonly frames: number } =>
    typeof value === "object" &&
    value !== null &&
    "frames" in value &&
    Object.keys(value).length === 1 &&
    Number.isInteger(value.frames) &&
    Number(value.frames) >= 2 &&
    Number(value.frames) <= 1_000,
  expected: "{ frames: N } with a whole number from 2 to 1000",
  text: false,
  json: {
    type: "object",
    properties: { frames: { type: "integer", minimum: 2, maximum: 1_000 } },
    required: ["frames"],
    additionalProperties: false,
  },
};

/** Of an HTTP Host header, without a port. */
export const hostNames: Format<readonly string[]> = list<string>(
  "a list of host names without ports, each once",
  { type: "string", pattern: "^[\\w.-]{1,253}$" },
  0,
  (name) => typeof name === "string" && /^[\w.-]{1,253}$/.test(name),
);

/** One level of an MQTT topic: MQTT 5, 4.7. */
export const topicLevel = textual(
  "text without / + #, control characters and a leading $, of at most 200 bytes",
  { pattern: "^[^/+#$\\u0000-\\u001f\\u007f][^/+#\\u0000-\\u001f\\u007f]*$", maxLength: 200 },
  (value) => value !== "" && !/[/+#\p{Cc}]/u.test(value) && !value.startsWith("$") && Buffer.byteLength(value) <= 200,
);

export const topicPrefix = textual(
  "one or more topic levels, without + and #",
  { pattern: "^[^/+#$\\u0000-\\u001f]+(/[^/+#\\u0000-\\u001f]+)*$" },
  (value) => value.split("/").every((level) => level !== "" && !/[+#\p{Cc}]/u.test(level)) && !value.startsWith("$"),
);

const hostNamePattern = "^[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*$";

/** RFC 1123, 2.1. */
export const hostName = textual(
  "a host's name",
  { pattern: hostNamePattern, maxLength: 253 },
  (value) => value.length <= 253 && new RegExp(hostNamePattern).test(value),
);

/** Credentials in an address end in logs: they are refused here and have their own keys. */
export function address(...protocols: readonly string[]): Format<string> {
  const schemes = protocols.map((protocol) => `${protocol}://`).join(" | ");
  return textual(
    `an address ${schemes} without user and password`,
    { pattern: `^(${protocols.join("|")})://[^/?#@]+([/?#].*)?$` },
    (value) => {
      if (!URL.canParse(value)) return false;
      const { protocol, hostname, username, password } = new URL(value);
      return protocols.includes(protocol.slice(0, -1)) && hostname !== "" && username === "" && password === "";
    },
  );
}
