import type { ServerResponse } from "node:http";
import { Subscription } from "rxjs";
import type { Role } from "../contract/live-events.js";
import { timestamp } from "../contract/payloads.js";
import { EventClient, type EventText, eventText } from "./event-client.js";
import type { Lately } from "./lately.js";
import type { Live } from "./live.js";
import { livePicture } from "./live-picture.js";
import type { LiveState } from "./live-state.js";
import type { Seats } from "./seats.js";
import type { AgentView } from "./view.js";

/** What became of the live views' events, since the start. */
export interface FeedCounts {
  readonly clients: number;
  readonly picturesSent: number;
  /** Not sent to clients that were still busy with what came before. */
  readonly picturesDropped: number;
  /** Clients that took nothing for too long, or let too much wait. */
  readonly cut: number;
}

export interface Looker {
  readonly role: Role;
  /** Whether it may still look: its session may have ended. */
  readonly mayLook: () => boolean;
  /** Cameras whose pictures it wants. */
  readonly pictures: readonly string[];
  /** Pictures a second of each. */
  readonly fps: number;
}

/** The live views that are open. What they are shown is made once for all of them, and not at all while there is none. */
export interface EventFeed {
  /** Whether there is room for one more. */
  free(): boolean;
  /** Events from now on, until the client goes or is cut off. */
  serve(looker: Looker, response: ServerResponse, headers: Readonly<Record<string, unknown>>): void;
  counts(): FeedCounts;
  close(): void;
}

export interface EventFeedDeps {
  readonly view: AgentView;
  readonly state: LiveState;
  readonly lately: Lately;
  readonly live: Pick<Live, "watch">;
  readonly seats: Seats;
  /** A client that takes nothing for so long is cut off. */
  readonly stallMs?: number;
}

const TICK_MS = 250;
const TICKS_A_SECOND = 1_000 / TICK_MS;

interface Open {
  readonly client: EventClient;
  readonly mayLook: () => boolean;
}

export function openEventFeed({ view, state, lately, live, seats, stallMs = 15_000 }: EventFeedDeps): EventFeed {
  const lookers = new Set<Open>();
  /** Of clients that are gone. */
  let picturesSent = 0;
  let picturesDropped = 0;
  let cut = 0;
  let round: Subscription | null = null;

  const toAll = (event: EventText): void => {
    for (const { client } of lookers) client.send(event);
  };

  /** From the first who looks to the last: a page that begins meanwhile knows all from its snapshot. */
  const begin = (): Subscription => {
    const shown = new Map(view.cameras.map((camera) => [camera, JSON.stringify(state.camera(camera))]));
    let isConnected = view.broker().connected;
    let ticks = 0;
    for (const { config } of view.cameras) lately.of(config.id).takePoint();
    const tick = (): void => {
      const points = view.cameras.flatMap(({ config: { id } }) => {
        const point = lately.of(id).takePoint();
        return point === null ? [] : [[id, point] as const];
      });
      if (points.length > 0) toAll(eventText("scores", { cameras: Object.fromEntries(points) }));
      for (const [camera, before] of shown) {
        const now = state.camera(camera);
        const text = JSON.stringify(now);
        if (text === before) continue;
        shown.set(camera, text);
        toAll(eventText("camera", now));
      }
      ticks += 1;
      const isSecond = ticks % TICKS_A_SECOND === 0;
      const { connected } = view.broker();
      if (isSecond || connected !== isConnected) toAll(eventText("health", state.health()));
      isConnected = connected;
      if (isSecond) for (const looker of lookers) second(looker);
    };
    const timer = setInterval(tick, TICK_MS).unref();
    const going = new Subscription(() => clearInterval(timer));
    going.add(view.verdicts$.subscribe((verdict) => toAll(eventText("verdict", verdict))));
    going.add(
      view.alerts$.subscribe(({ id }) => {
        const alert = view.alertOf(id);
        if (alert !== null) toAll(eventText("alert", alert));
      }),
    );
    return going;
  };

  const second = ({ client, mayLook }: Open): void => {
    if (!mayLook()) {
      client.end();
      return;
    }
    client.send(eventText("ping", { ts: timestamp(Date.now()), picturesDropped: client.picturesDropped }));
    client.tick();
  };

  const pictures = pictureTexts(view);

  return {
    free: seats.free,
    serve({ role, mayLook, pictures: wanted, fps }, response, headers) {
      const watching = new Subscription(seats.take());
      const onGone = (isCut: boolean): void => {
        watching.unsubscribe();
        lookers.delete(looker);
        picturesSent += client.picturesSent;
        picturesDropped += client.picturesDropped;
        if (isCut) cut += 1;
        if (lookers.size > 0) return;
        round?.unsubscribe();
        round = null;
      };
      const client = new EventClient({ response, headers, onGone, stallMs });
      const looker: Open = { client, mayLook };
      round ??= begin();
      client.begin(eventText("snapshot", state.snapshot(role)));
      lookers.add(looker);
      for (const camera of wanted) {
        let sentAtMs = Number.NEGATIVE_INFINITY;
        const show: Parameters<Live["watch"]>[1] = (jpeg, inspection) => {
          // A picture that another client wanted sooner; timers are early by a millisecond at times.
          if (performance.now() - sentAtMs < 1_000 / fps - 5) return;
          const text = pictures(jpeg, inspection);
          if (text === null) return;
          sentAtMs = performance.now();
          client.sendPicture(camera, text);
        };
        watching.add(live.watch(camera, show, fps));
      }
    },
    counts: () => {
      const of = (key: "picturesSent" | "picturesDropped"): number =>
        [...lookers].reduce((sum, { client }) => sum + client[key], 0);
      return {
        clients: lookers.size,
        picturesSent: picturesSent + of("picturesSent"),
        picturesDropped: picturesDropped + of("picturesDropped"),
        cut,
      };
    },
    close: () => {
      for (const { client } of lookers) client.end();
      round?.unsubscribe();
      round = null;
    },
  };
}

/** The event of a picture, made once for all who look at its camera; null while the camera has no threshold. */
function pictureTexts(view: AgentView): (...shown: Parameters<Parameters<Live["watch"]>[1]>) => EventText | null {
  const last = new Map<string, { readonly jpeg: Uint8Array; readonly text: EventText }>();
  return (jpeg, inspection) => {
    const { camera } = inspection.frame;
    const known = last.get(camera);
    if (known?.jpeg === jpeg) return known.text;
    const threshold = view.cameras.find(({ config }) => config.id === camera)?.threshold() ?? null;
    if (threshold === null) return null;
    const text = eventText("picture", livePicture(jpeg, inspection, threshold, view.regionsOf));
    last.set(camera, { jpeg, text });
    return text;
  };
}
