/** What a host says of itself (Sparkplug 3.0, 6.4.27). */
interface Told {
  readonly online: boolean;
  readonly timestamp: number;
}

/** What is to be thought of a STATE message. */
export type Heard = "online" | "offline" | "older" | "unreadable";

const MOST_BYTES = 4_096;
/** What a host dates further ahead than this is its clock's fault: kept as it is, it would make all that it says once its clock is right an older word. */
const AHEAD_MS = 86_400_000;

/** The host that the edge node waits for, as it was heard last. */
export class PrimaryHost {
  readonly #wallMs: () => number;
  #online = false;
  #latest = 0;

  /** @param wallMs this machine's clock, epoch milliseconds */
  constructor(wallMs: () => number) {
    this.#wallMs = wallMs;
  }

  /** In this session. */
  get online(): boolean {
    return this.#online;
  }

  /** A new session: what was heard in the one before is not known to hold. */
  forget(): void {
    this.#online = false;
  }

  /** Takes a STATE message; one that is older than another before it changes nothing. */
  hear(payload: Buffer): Heard {
    const told = toldIn(payload);
    if (told === null) return "unreadable";
    if (told.timestamp < this.#latest) return "older";
    const nowMs = this.#wallMs();
    this.#latest = told.timestamp > nowMs + AHEAD_MS ? Math.max(this.#latest, nowMs) : told.timestamp;
    this.#online = told.online;
    return told.online ? "online" : "offline";
  }
}

function toldIn(payload: Buffer): Told | null {
  if (payload.byteLength > MOST_BYTES) return null;
  try {
    const told: unknown = JSON.parse(payload.toString("utf8"));
    if (typeof told !== "object" || told === null || !("online" in told) || !("timestamp" in told)) return null;
    const { online, timestamp } = told;
    return typeof online === "boolean" && typeof timestamp === "number" ? { online, timestamp } : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
