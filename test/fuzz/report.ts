import type { CampaignResult } from "./campaign.js";

/** What the heaps of a process that keeps nothing do among themselves: much at first, until the largest picture has been met. */
const MOST_GROWTH_MB = { short: 128, long: 48 };

export function tooMuchGrowth({ growthMb, tried }: CampaignResult): boolean {
  return growthMb > (tried < 20_000 ? MOST_GROWTH_MB.short : MOST_GROWTH_MB.long);
}

export function report(result: CampaignResult): string {
  const { kind, seed, tried, verdicts, findings, growthMb, seconds } = result;
  const counts = [...verdicts].sort(([, a], [, b]) => b - a).map(([verdict, count]) => `${verdict} ${count}`);
  return [
    `${kind}: ${tried} inputs, seed ${seed}, ${seconds.toFixed(1)} s, ${findings.length} findings`,
    `  memory ${growthMb.toFixed(1)} MB from the second quarter to the last${tooMuchGrowth(result) ? ": TOO MUCH" : ""}`,
    `  ${counts.join(", ")}`,
    ...findings.map(
      ({ index, what, input }) => `  FOUND at ${index}: ${what}\n    ${input.split("\n").join("\n    ")}`,
    ),
  ].join("\n");
}
