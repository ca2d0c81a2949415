import type { Notify } from "./notify.js";
import { type Fares, statusLine } from "./status-line.js";

/** The agent as a service manager sees it. */
export interface ServedAgent {
  /** When each camera delivers, or it is known why not. Never rejects. */
  readonly up: Promise<void>;
  fares(): Fares;
}

/** What the service manager is told of the agent, from the start of the process to its end. */
export interface Service {
  /** The agent is there: it is told of from now on. */
  watch(agent: ServedAgent): void;
  /** The agent stops: the service manager's time for that begins. */
  stopping(): void;
}

/** While it starts, and where nobody asks for more: how often it is told. */
const USUAL_MS = 5_000;
/** How long a start may still take, at each telling. */
const EXTENDED_MS = 30_000;
/** A first start may build an engine for the GPU. Past this nobody is told any more that it takes longer. */
const MOST_START_MS = 3_600_000;
/** So often a watchdog's time is told that all is well: one telling may be lost, and one be late. */
const TELLINGS = 3;

/**
 * Tells: STATUS, EXTEND_TIMEOUT_USEC while it starts, READY once it is up, WATCHDOG while it does its work, STOPPING. The watchdog is fed
 * from here, the main thread's event loop, and only while nothing is stuck.
 * @param notify null: nothing happens
 */
export function openService(notify: Notify | null): Service {
  if (notify === null) return { watch: () => undefined, stopping: () => undefined };
  const { watchdogMs } = notify;
  const startedMs = performance.now();
  let agent: ServedAgent | null = null;
  let phase: "starting" | "up" | "stopping" = "starting";
  let told = "";
  /** Said until it was sent: a start that nobody hears the end of is ended. */
  let isReadyTold = false;

  const pulse = (): void => {
    const fares = agent?.fares() ?? null;
    const isStuck = fares !== null && fares.stuck.length > 0;
    const status = fares === null ? "starting" : statusLine(fares);
    const news: Record<string, string | number> = status === told ? {} : { STATUS: status };
    if (phase === "up" && !isReadyTold) news.READY = 1;
    if (!isStuck && phase === "up" && watchdogMs !== null) news.WATCHDOG = 1;
    if (!isStuck && phase === "starting" && performance.now() - startedMs < MOST_START_MS) {
      news.EXTEND_TIMEOUT_USEC = EXTENDED_MS * 1_000;
    }
    if (Object.keys(news).length === 0 || !notify.say(news)) return;
    told = status;
    isReadyTold = phase === "up";
  };
  const everyMs = Math.min(USUAL_MS, (watchdogMs ?? USUAL_MS * TELLINGS) / TELLINGS);
  const timer = setInterval(pulse, everyMs).unref();
  pulse();

  return {
    watch(started) {
      agent = started;
      pulse();
      void started.up.then(() => {
        if (phase !== "starting") return;
        phase = "up";
        pulse();
      });
    },
    stopping() {
      phase = "stopping";
      clearInterval(timer);
      notify.say({ STOPPING: 1, STATUS: "stopping" });
    },
  };
}
