import { type Observable, Subscription } from "rxjs";
import type { Config } from "../../config/types.js";
import type { Heard } from "../contract/inbound.js";
import type { AlertPayload } from "../contract/payloads.js";
import { topics } from "../contract/topics.js";
import type { Clock } from "../kit/clock.js";
import type { Outcome } from "../types.js";
import { Announcements, type AnnouncementsDeps } from "./announcements.js";
import { alertAfter, CameraSummary, type StepOfAlert, type SummarisedCamera } from "./summary.js";

export interface HomeAssistantCamera extends SummarisedCamera {
  readonly outcomes$: Observable<Outcome>;
}

/** The picture of an alert, as it was drawn. */
export interface AlertPicture {
  readonly camera: string;
  readonly jpeg: Uint8Array;
}

export interface HomeAssistantDeps extends AnnouncementsDeps {
  readonly cameras: readonly HomeAssistantCamera[];
  readonly heard$: Observable<Heard>;
  readonly alert$: Observable<AlertPayload>;
  readonly picture$: Observable<AlertPicture>;
  /** The steps of a camera's newest alert, the first one first; empty where none is remembered. */
  readonly newestAlert: (camera: string) => readonly StepOfAlert[];
  readonly clock: Clock;
  readonly random?: () => number;
}

export interface HomeAssistant {
  /** Publishes nothing more. Home Assistant goes by `T/status` meanwhile. Safe to call twice. */
  close(): Promise<void>;
}

const TICK_MS = 500;
/** All agents of a plant hear the same birth, and need not answer it at once. */
const BIRTH_WITHIN_MS = 5_000;

/** Tells Home Assistant of the agent and its cameras; where that is switched off, takes back what earlier runs told it. */
export function openHomeAssistant(config: Config, deps: HomeAssistantDeps): HomeAssistant {
  const { homeAssistant } = config;
  const announcements = new Announcements(config, deps);
  void announcements.begin();
  if (!homeAssistant.enabled) return { close: () => announcements.close() };

  const { publish, clock, random = Math.random } = deps;
  const summaries = new Map<string, CameraSummary>();
  const tell = (): void => {
    for (const summary of summaries.values()) {
      const message = summary.next(clock.monotonicMs(), clock.wallMs());
      if (message !== null) void publish(message);
    }
  };
  const listening = new Subscription();
  for (const camera of deps.cameras) {
    const { id } = camera.config;
    const summary = new CameraSummary(camera, {
      scoreEveryMs: homeAssistant.scoreEveryS * 1_000,
      alert: deps.newestAlert(id).reduce(alertAfter, null),
    });
    summaries.set(id, summary);
    listening.add(camera.outcomes$.subscribe((outcome) => summary.saw(outcome)));
  }
  listening.add(deps.alert$.subscribe((step) => summaries.get(step.camera)?.took(step)));
  listening.add(
    deps.picture$.subscribe(({ camera, jpeg }) => {
      void publish({ topic: topics.picture(camera), payload: jpeg, qos: 1, retain: true });
    }),
  );
  let birth: NodeJS.Timeout | null = null;
  listening.add(
    deps.heard$.subscribe(({ topic, payload }) => {
      if (topic !== homeAssistant.birthTopic || Buffer.from(payload).toString("utf8") !== "online") return;
      birth ??= setTimeout(() => {
        birth = null;
        announcements.announce();
      }, random() * BIRTH_WITHIN_MS);
    }),
  );
  const telling = setInterval(tell, TICK_MS);
  tell();
  return {
    close: () => {
      listening.unsubscribe();
      clearInterval(telling);
      if (birth !== null) clearTimeout(birth);
      return announcements.close();
    },
  };
}
