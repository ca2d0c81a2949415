/** The machine that the agent runs on, in `T/health`. */
export interface MachineFigures {
  /** Degrees Celsius by thermal zone, `gpu` a discrete one; empty where the machine has none. */
  readonly temperaturesC: Readonly<Record<string, number>>;
  /** GPU load 0..1, the highest of several; null where the machine does not say. */
  readonly gpuLoad: number | null;
  /** Watts by rail, `gpu` a discrete one; empty where nothing measures them. */
  readonly powerW: Readonly<Record<string, number>>;
  /** A Jetson's power mode; null elsewhere. */
  readonly powerMode: string | null;
  /** The CPUs' frequency as a share of their highest, 0..1; null where the kernel does not say. */
  readonly cpuFrequency: number | null;
  readonly throttling: ThrottlingHealth;
}

/** Whether the machine runs slower than it could. */
export interface ThrottlingHealth {
  /** What slows it down at this moment, by the kernel's and the driver's names; empty: nothing. */
  readonly reasons: readonly string[];
  /** How often the supply was at its limit since the board's start, by event; empty where nothing counts. */
  readonly events: Readonly<Record<string, number>>;
}
