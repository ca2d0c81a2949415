/** What is known of a code before it happens. */
export interface CodeRow {
  /** Of the process, where this error ends it: 1 failed at run time; 2 wrong usage, configuration, model or data. */
  readonly exitStatus: 1 | 2;
  /** What has happened: one sentence. */
  readonly means: string;
  /** What the user can do: one sentence, used where the error itself brings none that is more exact. */
  readonly remedy: string;
}

/** The codes of one part of the product: they share a chapter of docs/troubleshooting.md. */
export interface Chapter<Code extends string> {
  readonly title: string;
  /** The page, relative to the repository's root, that documents what these codes are about. */
  readonly documentedAt: string;
  readonly codes: Readonly<Record<Code, CodeRow>>;
}

export function chapter<Code extends string>(
  title: string,
  documentedAt: string,
  codes: Readonly<Record<Code, CodeRow>>,
): Chapter<Code> {
  return { title, documentedAt, codes };
}

/** The code of something that failed at run time: exit status 1. */
export function failed(means: string, remedy: string): CodeRow {
  return { exitStatus: 1, means, remedy };
}

/** The code of wrong usage, configuration, model or data: exit status 2. */
export function wrong(means: string, remedy: string): CodeRow {
  return { exitStatus: 2, means, remedy };
}

/** The code of something that is well, as `retort doctor` and `retort check` report it. */
export function fine(means: string): CodeRow {
  return { exitStatus: 1, means, remedy: "Nothing to do." };
}
