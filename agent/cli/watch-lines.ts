import type { CameraState, StatePayload, StatusPayload } from "../contract/payloads.js";
import { styled, time } from "./event-line.js";
import { EventLines } from "./event-lines.js";
import { printable } from "./terminal.js";
import type { Gap, WatchEvent } from "./watch-events.js";

export interface WatchLineOptions {
  readonly coloured: boolean;
  /** The one that is watched: then a camera's name stands alone; null: agent/camera. */
  readonly agent: string | null;
  readonly monotonicMs: () => number;
  /** Of what has no time of its own, epoch milliseconds. */
  readonly wallMs: () => number;
}

const BAD = "1;97;41";
const statusStyles = { online: "32", stopped: "33", offline: BAD } as const;
const stateStyles: Readonly<Record<CameraState, string>> = {
  ok: "32",
  anomalous: "31",
  starting: "33",
  idle: "33",
  disabled: "33",
  "no-signal": BAD,
  faulted: BAD,
};

/** The lines for a person who watches agents: each says in words what its colour says. */
export class WatchLines {
  readonly #options: WatchLineOptions;
  readonly #lines: EventLines;
  /** Cameras that were heard to judge parts. */
  readonly #ofParts = new Set<string>();
  /** By camera, the last state. */
  readonly #states = new Map<string, CameraState>();

  constructor(options: WatchLineOptions) {
    const { coloured, monotonicMs } = options;
    this.#options = options;
    this.#lines = new EventLines({ coloured, seesParts: (camera) => this.#ofParts.has(camera) }, monotonicMs);
  }

  of(event: WatchEvent): readonly string[] {
    switch (event.kind) {
      case "status":
        return [this.#statusLine(event.agent, event.payload)];
      case "state":
        return this.#stateLines(this.#nameOf(event.agent, event.camera), event.payload);
      case "alert":
      case "verdict": {
        const camera = this.#nameOf(event.agent, event.camera);
        if (event.kind === "verdict") this.#ofParts.add(camera);
        const { payload } = event;
        const lines = this.#lines.of({ topic: `${camera}/${event.kind}`, payload: { ...payload, camera } });
        return payload.replayed ? lines.map((line) => `${line}  (it waited for the broker)`) : lines;
      }
      case "gap":
        return [this.#marked("GAP", gapText(event, this.#whose(event.agent, event.camera)))];
      case "anew":
        return [
          this.#marked(
            "NOTE",
            `${this.#whose(event.agent, event.camera)} count anew from ${event.seq}, after ${event.before}`,
          ),
        ];
      case "unusable":
        return [
          this.#marked("NOTE", `a message on ${printable(event.topic)} cannot be used: ${printable(event.reason)}`),
        ];
    }
  }

  /** What is still to be counted at the end. */
  rest(): readonly string[] {
    return this.#lines.rest();
  }

  #nameOf(agent: string, camera: string): string {
    return printable(this.#options.agent === null ? `${agent}/${camera}` : camera);
  }

  #whose(agent: string, camera: string | null): string {
    return camera === null ? `${printable(agent)}'s alerts` : `the verdicts of ${this.#nameOf(agent, camera)}`;
  }

  #statusLine(agent: string, { state, ts, version, since }: StatusPayload): string {
    const word = this.#styled(state === "offline" ? "OFFLINE" : state, statusStyles[state]);
    const rest = state === "offline" ? ": it went without a word" : `, version ${printable(version)}`;
    return `${time(ts)}  ${printable(agent)} is ${word}${rest}, since ${new Date(since).toLocaleString("sv")}`;
  }

  #stateLines(name: string, { state, ts, reason }: StatePayload): readonly string[] {
    const before = this.#states.get(name);
    this.#states.set(name, state);
    // These two change with every alert, which has its own line.
    const withAlerts = (of: CameraState | undefined) => of === "ok" || of === "anomalous";
    if (withAlerts(before) && withAlerts(state) && reason === null) return [];
    const why = reason === null ? "" : `: ${printable(reason)}`;
    return [`${time(ts)}  ${name} is ${this.#styled(state, stateStyles[state])}${why}`];
  }

  #marked(word: string, text: string): string {
    const now = time(new Date(this.#options.wallMs()).toISOString());
    return `${now}  ${this.#styled(word, "1;33")}${" ".repeat(9 - word.length)}${text}`;
  }

  #styled(text: string, style: string): string {
    return this.#options.coloured ? styled(text, style) : text;
  }
}

function gapText({ from, to, why, reason }: Gap, whose: string): string {
  const count = to - from + 1;
  const numbers = count === 1 ? `number ${from} is` : `numbers ${from} to ${to} (${count}) are`;
  const because = {
    disconnected: "there was no connection meanwhile",
    "given-up": `the agent has given them up (${printable(reason ?? "")})`,
    unknown: "they may have been lost on the way",
  }[why];
  return `of ${whose} ${numbers} missing: ${because}`;
}
