/** Options of the commands that develop models (`npm run distil`, `npm run ablation`): refused in words before anything is computed. */
import { CodedError, messageOf } from "../errors.js";

/** What `parse` makes of the command line; where it cannot, usage and reason are shown, and the process ends with 2. */
export function flagsOf<Values>(parse: () => Values, usage: string): Values {
  try {
    return parse();
  } catch (error) {
    // node:util's parseArgs says so of options that it does not know, and of values that are missing.
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`${messageOf(error)}\n${usage}`);
    process.exit(2);
  }
}

/** A whole number from `least` on. @throws CodedError OPTION_INVALID */
export function wholeFlag(name: string, text: string, { least = 1 } = {}): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isSafeInteger(value) && value >= least) return value;
  throw invalid(name, text, `Give a whole number from ${least}.`);
}

/** Several, with commas between them. @throws CodedError OPTION_INVALID */
export function wholeFlags(name: string, text: string, range = {}): readonly number[] {
  const parts = text.split(",").filter((part) => part !== "");
  return parts.map((part) => wholeFlag(name, part, range));
}

/** A number above 0. @throws CodedError OPTION_INVALID */
export function positiveFlag(name: string, text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw invalid(name, text, "Give a number above 0.");
}

function invalid(name: string, text: string, remedy: string): CodedError {
  return new CodedError("OPTION_INVALID", `--${name} is ${JSON.stringify(text.slice(0, 100))}`, { at: name, remedy });
}
