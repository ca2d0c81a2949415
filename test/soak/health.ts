import type { HealthPayload } from "../../agent/contract/payloads.js";

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

/** `CAMERA SEQ` of each verdict that an agent has told it has given up. */
export function verdictsGivenUp(payloads: readonly Record<string, unknown>[]): ReadonlySet<string> {
  const given = new Set<string>();
  for (const { outbox } of payloads as unknown as readonly Pick<HealthPayload, "outbox">[]) {
    for (const { from, to, camera } of outbox.gaps) {
      for (let seq = from; camera !== undefined && seq <= to; seq += 1) given.add(`${camera} ${seq}`);
    }
  }
  return given;
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
