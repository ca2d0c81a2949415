/** What one test file's own output says about its tests. */
export interface Tally {
  readonly total: number;
  readonly passed: number;
  readonly skipped: number;
  /** How many summaries uvu printed; none means that it never came to its end. */
  readonly summaries: number;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences of terminal colours
const COLOURS = /\u001b\[[0-9;]*m/g;
const SUMMARY = /^ {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)\n {2}Duration: /gm;

/** Adds up the summaries that uvu prints at the end of a file. */
export function tallyOf(output: string): Tally {
  let tally: Tally = { total: 0, passed: 0, skipped: 0, summaries: 0 };
  for (const [, total, passed, skipped] of output.replace(COLOURS, "").matchAll(SUMMARY)) {
    tally = {
      total: tally.total + Number(total),
      passed: tally.passed + Number(passed),
      skipped: tally.skipped + Number(skipped),
      summaries: tally.summaries + 1,
    };
  }
  return tally;
}
