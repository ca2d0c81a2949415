import { parseDocument } from "yaml";

export interface YamlFault {
  /** What is wrong, without a word of the text itself: it may hold a secret. */
  readonly message: string;
  /** `line:column`, null where it belongs to no place. */
  readonly at: string | null;
}

/** A hundred cameras need 30,000; a parser's time grows faster than what it is given. */
const MOST_CHARACTERS = 262_144;

/** A value read from YAML, or why it is none. */
export function readYaml(text: string): { readonly value?: unknown; readonly faults: readonly YamlFault[] } {
  if (text.length > MOST_CHARACTERS) {
    return { faults: [{ message: `has ${text.length} characters, the limit is ${MOST_CHARACTERS}`, at: null }] };
  }
  const document = parseDocument(text, { prettyErrors: true, logLevel: "error", merge: true });
  const faults = document.errors.map(({ message, linePos }): YamlFault => {
    // The lines after the first quote the text.
    const said = message.split("\n", 1)[0]!.replace(/:$/, "");
    return { message: said, at: linePos === undefined ? null : `${linePos[0].line}:${linePos[0].col}` };
  });
  if (faults.length > 0) return { faults };
  try {
    const value: unknown = document.toJS();
    if (holdsItself(value)) return { faults: [{ message: "an alias of what it stands in itself", at: null }] };
    return { value, faults };
  } catch (error) {
    // The library's message has the alias's name, which may be what somebody meant for a password.
    if (error instanceof ReferenceError) {
      return { faults: [{ message: "an alias without its anchor, or too many of them", at: null }] };
    }
    if (error instanceof Error && error.message.startsWith("Merge sources")) {
      return { faults: [{ message: "a merge key (<<) takes mappings, or aliases of mappings", at: null }] };
    }
    throw error;
  }
}

/** Whether a value is its own part, as an alias within its anchor makes it: it can be neither checked nor shown. Each part is looked at once. */
function holdsItself(value: unknown, within = new Set<object>(), done = new Set<object>()): boolean {
  if (typeof value !== "object" || value === null || done.has(value)) return false;
  if (within.has(value)) return true;
  within.add(value);
  const found = Object.values(value).some((part) => holdsItself(part, within, done));
  within.delete(value);
  done.add(value);
  return found;
}
