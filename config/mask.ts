const HIDDEN = "***";

/**
 * A copy for eyes: whatever could be a secret is replaced, everything else is kept.
 * @param isFile whether there is such a file: its path is no secret. Where there is none somebody may have written the secret itself.
 */
export function mask(value: unknown, isFile: (path: string) => boolean = () => false): unknown {
  if (typeof value === "string") return maskText(value);
  if (Array.isArray(value)) return value.map((each) => mask(each, isFile));
  if (typeof value !== "object" || value === null) return value;
  const shown = (key: string, child: unknown): unknown => {
    if (child === null || !isSecret(key)) return mask(child, isFile);
    return key.endsWith("File") && typeof child === "string" && isFile(child) ? child : HIDDEN;
  };
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, shown(key, child)]));
}

/** Credentials inside addresses, launch lines (rtspsrc's user-id and user-pw among them) and JSON. */
export function maskText(text: string): string {
  return places(text).reduceRight((masked, [from, to]) => masked.slice(0, from) + HIDDEN + masked.slice(to), text);
}

/**
 * Hides the secrets of a launch line wherever they turn up: GStreamer says what it was given in words of its own
 * (`could not set property "user-pw" in element "rtspsrc" to "hunter2"`).
 * @param known secrets that stand in it, as they were before they were quoted for it
 */
export function concealing(launch: string, known: readonly string[] = []): (text: string) => string {
  const written = apart([...valuesAfter(assignment, value, launch), ...userinfos(launch)]).flatMap(([from, to]) => {
    const text = launch.slice(from, to);
    // A user and a password may turn up each for itself, and without the quotes and escapes that they had.
    return [text, ...text.split(":")].flatMap((part) => [part, unquoted(part)]);
  });
  // The longer first: one may be part of another. Of one or two letters, any text is full.
  const secrets = [...new Set([...known, ...written])]
    .filter(({ length }) => length > 2)
    .sort((a, b) => b.length - a.length);
  return (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), maskText(text));
}

function isSecret(key: string): boolean {
  return /password|passwd|passphrase|token|secret|api-?key|keyFile|^user-?(id|pw)$|-pw$|^authorization$|^cookies?$/i.test(
    key,
  );
}

/** GStreamer takes spaces around the sign, too. A name is met once, at its beginning: no text makes this slow. */
const assignment = /(?<![\w-])([\w-]+)\s*=\s*/g;
const member = /"([\w-]+)"\s*:\s*/g;
const value = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?:\\.|[^\s\\])+/y;
const memberValue = /"(?:[^"\\]|\\.)*"|[^\s,}\]]+/y;
const address = /(?<![\w+.-])[a-z][\w+.-]*:\/\/([^\s"'<>]*)/gi;

type Place = readonly [from: number, to: number];

/** Where secrets stand in a text, in order, apart from each other. */
function places(text: string): readonly Place[] {
  return apart([
    ...valuesAfter(assignment, value, text),
    ...valuesAfter(member, memberValue, text),
    ...userinfos(text),
  ]);
}

function apart(found: readonly Place[]): readonly Place[] {
  let end = 0;
  return [...found]
    .sort(([a], [b]) => a - b)
    .filter(([from, to]) => {
      const free = from >= end;
      if (free) end = to;
      return free;
    });
}

function valuesAfter(name: RegExp, what: RegExp, text: string): Place[] {
  const found: Place[] = [];
  let end = 0;
  for (const match of text.matchAll(name)) {
    // What a secret holds is no name; a value that is none may hold further names.
    if (match.index < end || !isSecret(match[1]!)) continue;
    const from = match.index + match[0].length;
    what.lastIndex = from;
    if (!what.test(text)) continue;
    end = what.lastIndex;
    found.push([from, end]);
  }
  return found;
}

function userinfos(text: string): Place[] {
  return [...text.matchAll(address)].flatMap((match): Place[] => {
    const rest = match[1]!;
    const from = match.index + match[0].length - rest.length;
    const length = userinfoLength(rest);
    return length === 0 ? [] : [[from, from + length]];
  });
}

/** Up to the last `@`, since a password may hold / and @ itself; nothing where the beginning is a host, and the `@` the path's. */
function userinfoLength(rest: string): number {
  const authority = rest.split(/[/?#]/, 1)[0]!;
  const isHost = !authority.includes("@") && /^(\[[\da-f:.]+\]|[\w.-]+)?(:\d*)?$/i.test(authority);
  return isHost ? 0 : Math.max(0, rest.lastIndexOf("@"));
}

function unquoted(text: string): string {
  return text.replace(/^(["'])(.*)\1$/s, "$2").replace(/\\(.)/gs, "$1");
}
