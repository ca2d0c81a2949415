/** What a check of this machine came to. */
export type Finding =
  /** It was run here, and holds. */
  | { readonly kind: "held"; readonly what: string; readonly said: string }
  /** It was run here, and does not hold. */
  | { readonly kind: "broken"; readonly what: string; readonly said: string }
  /** It was not run: this machine lacks what it needs. */
  | { readonly kind: "lacks"; readonly what: string; readonly said: string };

const MARKS = { held: "held   ", broken: "BROKEN ", lacks: "lacks  " } as const;

export function lineOf({ kind, what, said }: Finding): string {
  return `${MARKS[kind]} ${what.padEnd(27)} ${said}`;
}

/** 0: all was run, and holds. 1: something does not hold. 3: what was run holds, and this machine lacks what the rest needs. */
export function statusOf(findings: readonly Finding[]): 0 | 1 | 3 {
  if (findings.some(({ kind }) => kind === "broken")) return 1;
  return findings.some(({ kind }) => kind === "lacks") ? 3 : 0;
}

/** What happened, in one sentence for the end. */
export function verdictOf(findings: readonly Finding[]): string {
  const named = (wanted: Finding["kind"]): string =>
    findings
      .filter(({ kind }) => kind === wanted)
      .map(({ what }) => what)
      .join(", ");
  switch (statusOf(findings)) {
    case 0:
      return `all of it was run here, and holds`;
    case 1:
      return `does not hold: ${named("broken")}`;
    case 3:
      return `what was run holds (${named("held")}); not run for want of hardware or libraries: ${named("lacks")}`;
  }
}
