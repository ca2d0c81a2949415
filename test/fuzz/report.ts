import type { CampaignResult } from "./campaign.js";

/** Of a process that keeps nothing: what its heaps do among themselves. */
const MOST_GROWTH_MB = 96;

export function tooMuchGrowth({ growthMb }: CampaignResult): boolean {
  return growthMb > MOST_GROWTH_MB;
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
