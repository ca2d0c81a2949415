import { type LiveEvents, type LivePicture, PAGE_FPS } from "../../contract/live-events.js";
import type { LiveEvent } from "./line.js";

export interface SourceOptions {
  readonly onEvent: (event: LiveEvent) => void;
  /** The agent refuses the connection: perhaps it wants to know who asks. */
  readonly onRefused: () => void;
}

const NAMES: readonly Exclude<keyof LiveEvents, "picture">[] = [
  "snapshot",
  "camera",
  "scores",
  "verdict",
  "alert",
  "health",
  "ping",
];

/** Of the agent's one ping a second. */
const STALE_MS = 3_500;
/** A connection that is silent for so long is given up: a cut cable tells nobody. */
const DEAD_MS = 12_000;
const AGAIN_MS = 2_000;

/** The page's one connection to the agent. Comes again by itself; closes its pictures while nobody sees the page. */
export class Source {
  readonly #options: SourceOptions;
  readonly #watchers = new Map<string, Set<(picture: LivePicture) => void>>();
  #events: EventSource | null = null;
  #asked = "";
  #heardAtMs = performance.now();
  #openedAtMs = 0;
  #pending: ReturnType<typeof setTimeout> | undefined;
  #running = false;

  constructor(options: SourceOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#connect();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#pending);
    this.#events?.close();
    this.#events = null;
  }

  /** Milliseconds since anything was heard; null while that is no reason to worry. */
  silentMs(): number | null {
    const ms = performance.now() - this.#heardAtMs;
    return ms > STALE_MS ? ms : null;
  }

  /** Once a second: gives up a connection that is dead, and those pictures that nobody sees. */
  look(): void {
    if (!this.#running) return;
    const now = performance.now();
    if (now - this.#heardAtMs > DEAD_MS && now - this.#openedAtMs > DEAD_MS) this.#connect();
    else if (this.#query() !== this.#asked) this.#connect();
  }

  /** Shows a camera's pictures from now on. @returns ends it */
  watch(camera: string, show: (picture: LivePicture) => void): () => void {
    const watchers = this.#watchers.get(camera) ?? new Set();
    this.#watchers.set(camera, watchers.add(show));
    this.#soon();
    return () => {
      watchers.delete(show);
      if (watchers.size === 0) this.#watchers.delete(camera);
      this.#soon();
    };
  }

  /** Whatever a change of the view asks for in one turn is one new connection. */
  #soon(): void {
    clearTimeout(this.#pending);
    this.#pending = setTimeout(() => {
      if (this.#running && this.#query() !== this.#asked) this.#connect();
    }, 0);
  }

  #query(): string {
    if (document.hidden || this.#watchers.size === 0) return "";
    const cameras = [...this.#watchers.keys()].sort().map(encodeURIComponent);
    return `?pictures=${cameras.join(",")}&fps=${cameras.length === 1 ? PAGE_FPS.large : PAGE_FPS.wall}`;
  }

  #connect(): void {
    clearTimeout(this.#pending);
    this.#events?.close();
    this.#asked = this.#query();
    this.#openedAtMs = performance.now();
    const events = new EventSource(`/api/events${this.#asked}`);
    this.#events = events;
    for (const name of NAMES) this.#hear(events, name);
    events.addEventListener("picture", ({ data }) => {
      this.#heardAtMs = performance.now();
      const picture = JSON.parse(data) as LivePicture;
      for (const show of this.#watchers.get(picture.camera) ?? []) show(picture);
      this.#options.onEvent({ name: "picture", data: picture });
    });
    events.addEventListener("error", () => {
      // A connection that was cut is tried again by the browser; one that was refused is not.
      if (events.readyState !== EventSource.CLOSED || this.#events !== events) return;
      this.#options.onRefused();
      this.#pending = setTimeout(() => {
        if (this.#running) this.#connect();
      }, AGAIN_MS);
    });
  }

  #hear<K extends (typeof NAMES)[number]>(events: EventSource, name: K): void {
    events.addEventListener(name, ({ data }: MessageEvent<string>) => {
      this.#heardAtMs = performance.now();
      // The agent's own events, by the contract that both are compiled against.
      this.#options.onEvent({ name, data: JSON.parse(data) } as LiveEvent);
    });
  }
}
