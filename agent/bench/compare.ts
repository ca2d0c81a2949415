import { percentile } from "../health/ledger.js";

/** The frames a second of the three sides, measured one right after the other. */
export interface Round {
  readonly bareFps: number;
  readonly agentFps: number;
  readonly rigFps: number;
}

export interface Comparison {
  readonly ceilingFps: number;
  readonly endToEndFps: number;
  readonly ratio: number;
  readonly rigFps: number;
  readonly ratioOfRig: number;
}

/** The three sides of a comparison: each runs for a while and yields its frames a second. */
export interface Sides {
  /** The bare model, and nothing else. */
  readonly bare: () => Promise<number>;
  /** The whole agent in the rig: source, broker, subscriber. */
  readonly agent: () => Promise<number>;
  /** The bare model beside the rig without an agent. */
  readonly rig: () => Promise<number>;
}

/**
 * Bare, agent, rig, then rig, agent, bare, and so on: a machine that drifts favours no side, and each other side is measured right
 * before or after the agent.
 */
export async function takeTurns(sides: Sides, rounds: number, say: (round: number) => void): Promise<Round[]> {
  const { bare, agent, rig } = sides;
  const taken: Round[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    say(round);
    if (round % 2 === 1) {
      const bareFps = await bare();
      const agentFps = await agent();
      taken.push({ bareFps, agentFps, rigFps: await rig() });
    } else {
      const rigFps = await rig();
      const agentFps = await agent();
      taken.push({ bareFps: await bare(), agentFps, rigFps });
    }
  }
  return taken;
}

/** Medians, the ratios' of each round's own ratio: a moment that something else took hits one round, not the result. */
export function compare(rounds: readonly Round[]): Comparison {
  return {
    ceilingFps: median(rounds.map(({ bareFps }) => bareFps)),
    endToEndFps: median(rounds.map(({ agentFps }) => agentFps)),
    ratio: median(rounds.map(({ bareFps, agentFps }) => agentFps / bareFps)),
    rigFps: median(rounds.map(({ rigFps }) => rigFps)),
    ratioOfRig: median(rounds.map(({ rigFps, agentFps }) => agentFps / rigFps)),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (percentile(sorted, 0.5) + sorted[Math.floor(sorted.length / 2)]!) / 2;
}
