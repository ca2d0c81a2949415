import type { SelfTestConfig } from "../../config/types.js";
import type { SelfTestHealth } from "../contract/payloads.js";
import { timestamp } from "../contract/payloads.js";
import { goldenPictures } from "./golden-pictures.js";
import { type GoldenScore, runSelfTest, selfTestFault, type TestedEngine } from "./self-test.js";

/** What self-tests do with a camera, and look at. */
export interface TestedCamera {
  readonly config: { readonly model: string };
  /** When its frames flow, or it is known that they will not. */
  readonly started: Promise<void>;
  /** The threshold in force; null until the model is there. */
  threshold(): number | null;
  /** The camera's model, once it is there. */
  model(): { readonly engine: TestedEngine } | null;
  /** What is wrong with the judgement of its frames; the camera is faulted until it is null again. */
  setFault(reason: string | null): void;
}

export interface SelfTestsOptions {
  /** By model name; a model without one is not tested. */
  readonly models: Readonly<Record<string, { readonly selfTest?: SelfTestConfig }>>;
  readonly cameras: readonly TestedCamera[];
  readonly wallMs: () => number;
  readonly log: { warn(text: string): void; error(text: string): void };
  readonly pictures?: typeof goldenPictures;
}

/** The golden-sample tests of the models in use. */
export interface SelfTests {
  /** All of them now. One that is running is not begun again. Never rejects. */
  run(): Promise<void>;
  /** Judges what the last tests found by the thresholds in force now: one that was set since may be blind to it. */
  judge(): void;
  /** What came of the last, by model name. */
  health(): Readonly<Record<string, SelfTestHealth>>;
  close(): void;
}

/**
 * Runs each model's test now and on its schedule; its cameras are faulted from a test that fails to one that passes, or to a
 * threshold at which it passes.
 */
export function startSelfTests(options: SelfTestsOptions): SelfTests {
  const { models, cameras, wallMs, log, pictures = goldenPictures } = options;
  const closing = new AbortController();
  const last = new Map<string, SelfTestHealth>();
  const found = new Map<string, { readonly ts: string; readonly scores: readonly GoldenScore[] }>();
  const running = new Map<string, Promise<void>>();

  const usersOf = (name: string) => cameras.filter(({ config: { model } }) => model === name);

  const judge = (): void => {
    for (const [name, { ts, scores }] of found) {
      const faults = usersOf(name).map((camera) => {
        const threshold = camera.threshold();
        const fault = threshold === null ? null : selfTestFault(scores, threshold);
        camera.setFault(fault);
        return fault;
      });
      const reason = faults.find((fault) => fault !== null) ?? null;
      if (reason !== null && reason !== last.get(name)?.reason) log.error(`model ${name}: ${reason}`);
      last.set(name, { ts, passed: reason === null, pictures: scores.length, reason });
    }
  };

  const test = async (name: string, config: SelfTestConfig): Promise<void> => {
    const using = usersOf(name);
    // While every camera of it is disabled or being started there is no engine, and nothing to test.
    const engine = using.map((camera) => camera.model()?.engine).find((found) => found !== undefined);
    if (engine === undefined) return;
    const ran = await runSelfTest(engine, (size) => pictures(config, size), closing.signal);
    if (closing.signal.aborted) return;
    const ts = timestamp(wallMs());
    if (ran.kind === "broken") {
      log.warn(`SELF_TEST_BROKEN: model ${name} cannot be tested: ${ran.reason}`);
      found.delete(name);
      last.set(name, { ts, passed: null, pictures: 0, reason: ran.reason });
      return;
    }
    found.set(name, { ts, scores: ran.scores });
    judge();
  };
  const once = (name: string, config: SelfTestConfig): Promise<void> => {
    const now = running.get(name) ?? test(name, config).finally(() => running.delete(name));
    running.set(name, now);
    return now;
  };
  const tested = Object.entries(models).flatMap(([name, { selfTest }]) =>
    selfTest === undefined ? [] : [[name, selfTest] as const],
  );
  const run = async (): Promise<void> => {
    await Promise.all(tested.map(([name, config]) => once(name, config)));
  };
  const timers = tested.map(([name, config]) =>
    setInterval(() => void once(name, config), config.everyMinutes * 60_000),
  );
  void Promise.all(cameras.map(({ started }) => started)).then(run);
  return {
    run,
    judge,
    health: () => Object.fromEntries(last),
    close: () => {
      closing.abort();
      for (const timer of timers) clearInterval(timer);
    },
  };
}
