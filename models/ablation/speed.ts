import { cpus, loadavg } from "node:os";
import { readBundle } from "../bundle/bundle.js";
import { openStopwatch, type Stopwatch } from "../bundle/speed.js";
import { median } from "../judging/statistics.js";

/** How long bundles take for a picture, one beside the other. */
export interface Speeds {
  /** Its processor. */
  readonly machine: string;
  /** Processes that wanted a core in the minute before: far above 0 says that the times are those of a busy machine. */
  readonly load: number;
  readonly rounds: number;
  /** Median milliseconds, by the name of the bundle. */
  readonly ms: Readonly<Record<string, number>>;
}

/**
 * Times bundles at one thread and one picture, each once a round, so that whatever else the machine does falls on all alike. A round
 * before the first one does not count.
 * @param folders of the bundles, by name; those that cannot be read are left out
 */
export async function measureSpeeds(folders: ReadonlyMap<string, string>, rounds: number): Promise<Speeds> {
  const [processor] = cpus();
  const watches = new Map<string, Stopwatch>();
  const times = new Map<string, number[]>();
  const load = loadavg()[0]!;
  try {
    for (const [name, folder] of folders) {
      const bundle = await readBundle(folder).catch(() => null);
      if (bundle !== null) watches.set(name, await openStopwatch(bundle, 1));
    }
    for (let round = 0; round <= rounds; round += 1) {
      for (const [name, watch] of watches) {
        const ms = await watch.run();
        if (round > 0) times.set(name, [...(times.get(name) ?? []), ms]);
      }
    }
  } finally {
    for (const watch of watches.values()) await watch.close();
  }
  const ms = Object.fromEntries([...times].map(([name, all]) => [name, median(all)]));
  return { machine: processor?.model ?? "unknown", load, rounds, ms };
}
