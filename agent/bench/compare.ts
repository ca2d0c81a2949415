import { percentile } from "../health/ledger.js";

/** Frames a second of the bare model and of the whole agent, measured one right after the other. */
export interface Pair {
  readonly bareFps: number;
  readonly agentFps: number;
}

export interface Comparison {
  readonly ceilingFps: number;
  readonly endToEndFps: number;
  readonly ratio: number;
}

/** The two sides of a comparison: each runs for a while and yields its frames a second. */
export interface Sides {
  readonly bare: () => Promise<number>;
  readonly agent: () => Promise<number>;
}

/** In turn, and in turn first: bare, agent, agent, bare, ... so that a machine that drifts favours neither. */
export async function takeTurns({ bare, agent }: Sides, pairs: number, say: (pair: number) => void): Promise<Pair[]> {
  const taken: Pair[] = [];
  for (let pair = 1; pair <= pairs; pair += 1) {
    say(pair);
    if (pair % 2 === 1) {
      const bareFps = await bare();
      taken.push({ bareFps, agentFps: await agent() });
    } else {
      const agentFps = await agent();
      taken.push({ bareFps: await bare(), agentFps });
    }
  }
  return taken;
}

/** Medians, the ratio's of the pairs' own ratios: a moment that something else took hits one pair, not the result. */
export function compare(pairs: readonly Pair[]): Comparison {
  return {
    ceilingFps: median(pairs.map(({ bareFps }) => bareFps)),
    endToEndFps: median(pairs.map(({ agentFps }) => agentFps)),
    ratio: median(pairs.map(({ bareFps, agentFps }) => agentFps / bareFps)),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (percentile(sorted, 0.5) + sorted[Math.floor(sorted.length / 2)]!) / 2;
}
