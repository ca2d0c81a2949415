/** What is in force at a camera, and where it comes from: a command outlives restarts, and edits of the configuration. */
export interface CameraInForce {
  readonly threshold: {
    /** Null until the model is there. */
    readonly value: number | null;
    readonly source: "model" | "configuration" | "command";
    readonly configured: number | "model";
  } & Changed;
  readonly enabled: {
    readonly value: boolean;
    readonly source: "configuration" | "command";
    readonly configured: boolean;
  } & Changed;
  /** Null while its alerts are not shelved. */
  readonly shelved: ({ readonly until: string } & Changed) | null;
}

/** Of a command; both null where none did it, or none that is known. */
export interface Changed {
  readonly by: string | null;
  /** RFC 3339. */
  readonly since: string | null;
}
