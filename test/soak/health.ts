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
  readonly memory: Readonly<Record<MemoryKind, number>>;
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

/** `rssMb` holds the files that the store maps, too: the kernel takes those back when it wants to. */
type MemoryKind = "rssMb" | "anonymousMb" | "heapMb";

export interface Memory {
  readonly samples: number;
  readonly kinds: Readonly<
    Record<
      MemoryKind,
      {
        readonly first: number;
        readonly last: number;
        /** Least squares over what came after the warm-up, of the longest life. */
        readonly slopePerHour: number;
        /** The same over the second half of that. */
        readonly laterSlopePerHour: number;
      }
    >
  >;
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
  if (warm.length < 6) return null;
  const told = (kind: MemoryKind) => {
    const points = warm.map(({ uptimeS, memory }) => [uptimeS / 3_600, memory[kind]] as const);
    const [first, last] = [points[0]![1], points.at(-1)![1]];
    return { first, last, slopePerHour: slope(points), laterSlopePerHour: slope(points.slice(points.length >> 1)) };
  };
  const kinds = { rssMb: told("rssMb"), anonymousMb: told("anonymousMb"), heapMb: told("heapMb") };
  return { samples: warm.length, kinds };
}

/** Least squares. */
function slope(points: readonly (readonly [number, number])[]): number {
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return covariance / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
