import type { Backend, Binding, SessionOptions } from "../../agent/inference/providers/session.js";

export interface FakeBinding extends Binding {
  /** What each session that was wanted was to be opened with. */
  readonly asked: readonly SessionOptions[];
  /** Sessions that are open. */
  readonly sessions: ReadonlySet<object>;
}

/**
 * A binding that computes the tiny model in JavaScript: the map is the first channel / 255, the score its maximum.
 * @param missing why a session on this provider cannot be opened, by provider: its library is not on the machine
 */
export function fakeBinding(backends: readonly Backend[], missing: Readonly<Record<string, string>> = {}): FakeBinding {
  const asked: SessionOptions[] = [];
  const sessions = new Set<object>();
  return {
    backends,
    asked,
    sessions,
    async open(_model, { width, height }, options) {
      asked.push(options);
      for (const { name } of options.executionProviders) {
        const reason = missing[name];
        if (reason !== undefined) throw new Error(reason);
      }
      const session = {
        async infer(frames: readonly ArrayBuffer[]) {
          const pixels = width * height;
          const maps = new Float32Array(frames.length * pixels);
          frames.forEach((frame, index) => {
            const rgb = new Uint8Array(frame);
            for (let at = 0; at < pixels; at += 1) maps[index * pixels + at] = rgb[at * 3]! / 255;
          });
          const scores = new Float32Array(frames.length);
          frames.forEach((_, index) => {
            scores[index] = maps.subarray(index * pixels, (index + 1) * pixels).reduce((a, b) => Math.max(a, b));
          });
          return { scores, maps };
        },
        async close() {
          sessions.delete(session);
        },
      };
      sessions.add(session);
      return session;
    },
  };
}
