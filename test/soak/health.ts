interface Counts {
  readonly captured: number;
  readonly scored: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly failed: number;
  readonly inFlight: number;
}

interface Health {
  readonly ts: string;
  readonly cameras: Readonly<Record<string, Counts>>;
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
