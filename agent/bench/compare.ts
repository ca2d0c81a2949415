import { percentile } from "../health/ledger.js";

/** The frames a second of the three sides, measured one right after the other. */
export interface Round {
  /** The bare model, and nothing else. */
  readonly bareFps: number;
  /** The whole agent in the rig: source, broker, subscriber. */
  readonly agentFps: number;
  /** The bare model beside the rig without an agent. */
  readonly rigFps: number;
}

export interface Comparison {
  readonly ceilingFps: number;
  readonly endToEndFps: number;
  readonly ratio: number;
  readonly rigFps: number;
  readonly ratioOfRig: number;
}

/**
 * Runs each side for a while, in their order, then in the reverse, and so on: a machine that drifts favours no side, and of three sides
 * each other one is measured right before or after that in the middle.
 * @param sides yield their frames a second
 */
export async function takeTurns<Side extends string>(
  sides: Readonly<Record<Side, () => Promise<number>>>,
  rounds: number,
  say: (round: number) => void = () => undefined,
): Promise<Readonly<Record<Side, number>>[]> {
  const names = Object.keys(sides) as Side[];
  const taken: Readonly<Record<Side, number>>[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    say(round);
    const fps: Partial<Record<Side, number>> = {};
    for (const side of round % 2 === 1 ? names : names.toReversed()) fps[side] = await sides[side]();
    taken.push(fps as Record<Side, number>);
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
