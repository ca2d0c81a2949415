/** The agent as an edge node of Sparkplug; counts are since the start. */
export interface SparkplugHealth {
  /** Born, and not dead. */
  readonly online: boolean;
  /** Null where no primary host is configured. */
  readonly hostOnline: boolean | null;
  /** Verdicts and steps of alerts that wait in memory. */
  readonly waiting: number;
  /** Of those, the ones that had no room. */
  readonly givenUp: number;
  /** What hosts wrote and was not done. */
  readonly refused: number;
}
