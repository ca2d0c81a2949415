import { maskText } from "../../config/mask.js";

/** How the agent fares, in what a person wants to know of a service. */
export interface Fares {
  readonly cameras: readonly {
    readonly id: string;
    readonly enabled: boolean;
    readonly delivers: boolean;
    readonly state: string;
    readonly reason: string | null;
  }[];
  /** Loaded, by name. */
  readonly models: readonly string[];
  readonly brokerConnected: boolean;
  /** What only a new process can help. */
  readonly stuck: readonly { readonly what: string; readonly reason: string }[];
}

/** `systemctl status` shows one line. */
const MOST_CHARACTERS = 400;

/** One line: cameras and models, then what is wrong, what is stuck first. */
export function statusLine({ cameras, models, brokerConnected, stuck }: Fares): string {
  const enabled = cameras.filter((camera) => camera.enabled);
  const delivering = enabled.filter(({ delivers }) => delivers);
  const wrong = [
    ...stuck.map(({ what, reason }) => `${what} is stuck: ${reason}`),
    ...enabled
      .filter(({ delivers }) => !delivers)
      .map(({ id, state, reason }) => (reason === null ? `${id} ${state}` : `${id} ${state}: ${reason}`)),
    ...(brokerConnected ? [] : ["the broker is away"]),
  ];
  const well = `${delivering.length} of ${enabled.length} cameras deliver, ${models.length === 1 ? "model" : "models"} ${models.join(", ") || "none"}`;
  const line = maskText([well, ...wrong].join("; "));
  // A line break would begin another assignment.
  const plain = line.replaceAll(/\p{Cc}+/gu, " ");
  return plain.length <= MOST_CHARACTERS ? plain : `${plain.slice(0, MOST_CHARACTERS - 1)}…`;
}
