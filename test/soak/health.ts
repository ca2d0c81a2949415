interface Counts {
  readonly captured: number;
  readonly scored: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly failed: number;
  readonly inFlight: number;
}

interface Health {
  readonly ts: string;
  readonly uptimeS: number;
  readonly cameras: Readonly<Record<string, Counts>>;
  readonly memory: { readonly rssMb: number };
}

/** Where captured = scored + dropped + failed + in flight did not hold. */
export function accountsThatDoNotAddUp(agent: string, payloads: readonly Record<string, unknown>[]): string[] {
  return (payloads as unknown as readonly Health[]).flatMap(({ ts, cameras }) =>
    Object.entries(cameras).flatMap(([camera, { captured, scored, dropped, failed, inFlight }]) => {
      const known = scored + Object.values(dropped).reduce((a, b) => a + b, 0) + failed + inFlight;
      return captured === known ? [] : [`${ts} ${agent}/${camera}: ${captured} captured, ${known} accounted for`];
    }),
  );
}

export interface Memory {
  readonly samples: number;
  readonly firstMb: number;
  readonly lastMb: number;
  /** Least squares over what came after the warm-up, of the longest life. */
  readonly slopeMbPerHour: number;
}

/** A third of the time, five minutes at most. */
const WARM_UP_S = 300;

export function memoryOf(payloads: readonly Record<string, unknown>[]): Memory | null {
  const all = payloads as unknown as readonly Health[];
  const longest = Math.max(0, ...all.map(({ uptimeS }) => uptimeS));
  const end = all.findIndex(({ uptimeS }) => uptimeS === longest);
  const life: Health[] = [];
  for (let at = end; at >= 0 && (life.length === 0 || all[at]!.uptimeS < life[0]!.uptimeS); at -= 1)
    life.unshift(all[at]!);
  const warm = life.filter(({ uptimeS }) => uptimeS > Math.min(WARM_UP_S, longest / 3));
  if (warm.length < 3) return null;
  const hours = warm.map(({ uptimeS }) => uptimeS / 3_600);
  const mb = warm.map(({ memory }) => memory.rssMb);
  const [meanHour, meanMb] = [mean(hours), mean(mb)];
  const covariance = hours.reduce((sum, hour, at) => sum + (hour - meanHour) * (mb[at]! - meanMb), 0);
  const variance = hours.reduce((sum, hour) => sum + (hour - meanHour) ** 2, 0);
  return { samples: warm.length, firstMb: mb[0]!, lastMb: mb.at(-1)!, slopeMbPerHour: covariance / variance };
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
