/**
 * What a single value may be. A format throws an Error whose message completes "<path> ..."; convict collects them.
 * Functions, not convict's names: those coerce ("80x" becomes port 80), and a wrong type must be an error.
 */
export interface Format {
  (value: unknown): void;
  /** The value is taken from the environment and `--set` as it stands, not read as YAML ("007" stays text). */
  readonly text: boolean;
}

function format(text: boolean, expected: string, accepts: (value: unknown) => boolean): Format {
  return Object.assign(
    (value: unknown) => {
      if (value === null || value === undefined) throw new Error("is missing");
      if (!accepts(value)) throw new Error(`must be ${expected}`);
    },
    { text },
  );
}

export const text = format(true, "text", (value) => typeof value === "string" && value.trim() !== "");

export const flag = format(false, "true or false", (value) => typeof value === "boolean");

export function oneOf(...values: readonly string[]): Format {
  return format(true, `one of ${values.join(", ")}`, (value) => typeof value === "string" && values.includes(value));
}

export function integer(from: number, to: number): Format {
  const inRange = (value: unknown) => Number.isInteger(value) && (value as number) >= from && (value as number) <= to;
  return format(false, `a whole number from ${from} to ${to}`, inRange);
}

export function number(from: number, to: number): Format {
  return format(
    false,
    `a number from ${from} to ${to}`,
    (value) => typeof value === "number" && value >= from && value <= to,
  );
}

/** Above zero, up to `to`. */
export function positive(to: number): Format {
  const accepts = (value: unknown) => typeof value === "number" && value > 0 && value <= to;
  return format(false, `a number above 0, up to ${to}`, accepts);
}

export const threshold = format(
  false,
  "model, or a number above 0",
  (value) => value === "model" || (typeof value === "number" && value > 0 && Number.isFinite(value)),
);

export const portOrAuto = format(
  false,
  "auto, or a port from 0 to 65535",
  (value) => value === "auto" || (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535),
);

/** Of an HTTP Host header, without a port. */
export const hostNames = format(
  false,
  "a list of host names without ports",
  (value) => Array.isArray(value) && value.every((name) => typeof name === "string" && /^[\w.-]{1,253}$/.test(name)),
);

export const shareOrOff = format(
  false,
  "off, or a share above 0, up to 1",
  (value) => value === "off" || (typeof value === "number" && value > 0 && value <= 1),
);

export function countOr(...words: readonly string[]): Format {
  const accepts = (value: unknown) =>
    words.includes(String(value)) || (Number.isInteger(value) && (value as number) > 1);
  return format(false, `${words.join(", ")}, or a whole number from 2`, accepts);
}

/** One level of an MQTT topic: MQTT 5, 4.7. */
export const topicLevel = format(
  true,
  "text without / + #, control characters and a leading $, of at most 200 bytes",
  (value) =>
    typeof value === "string" &&
    value !== "" &&
    !/[/+#\p{Cc}]/u.test(value) &&
    !value.startsWith("$") &&
    Buffer.byteLength(value) <= 200,
);

export const topicPrefix = format(
  true,
  "one or more topic levels, without + and #",
  (value) =>
    typeof value === "string" &&
    value.split("/").every((level) => level !== "" && !/[+#\p{Cc}]/u.test(level)) &&
    !value.startsWith("$"),
);

/** RFC 1123, 2.1. */
export const hostName = format(
  true,
  "a host's name",
  (value) => typeof value === "string" && value.length <= 253 && /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(value),
);

/** Credentials in an address end in logs: they are refused here and have their own keys. */
export function address(protocols: readonly string[], ...words: readonly string[]): Format {
  const schemes = protocols.map((protocol) => `${protocol}://`).join(" | ");
  return format(true, [...words, `an address ${schemes} without user and password`].join(", or "), (value) => {
    if (typeof value !== "string") return false;
    if (words.includes(value)) return true;
    if (!URL.canParse(value)) return false;
    const url = new URL(value);
    return (
      protocols.includes(url.protocol.slice(0, -1)) && url.hostname !== "" && url.username === "" && url.password === ""
    );
  });
}

export function listOf(...values: readonly string[]): Format {
  return format(
    false,
    `a list of one or more of ${values.join(", ")}, each once`,
    (value) =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((each) => values.includes(each)) &&
      new Set(value).size === value.length,
  );
}

/** The same, but null (left out) is well. */
export function optional(inner: Format): Format {
  return Object.assign(
    (value: unknown) => {
      if (value !== null && value !== undefined) inner(value);
    },
    { text: inner.text },
  );
}
