import { floatsOf, openSession, type Session } from "../onnx/session.js";
import { feedOf, type Pictures } from "./measured.js";

/** What a model makes of pictures. */
export interface Judged {
  /** float32 [height, width] of each picture. */
  readonly maps: readonly Float32Array[];
  readonly scores: readonly number[];
}

export async function judged(model: Uint8Array, pictures: Pictures, threads: number): Promise<Judged> {
  const session = await openSession(model, { threads });
  const maps: Float32Array[] = [];
  const scores: number[] = [];
  try {
    for (const pixels of pictures.pixels) {
      const { map, score } = await session.run(feedOf(pixels, pictures.size));
      maps.push(floatsOf(map).slice());
      scores.push(floatsOf(score)[0]!);
    }
  } finally {
    await session.close();
  }
  return { maps, scores };
}

/** How far maps are from others: the root mean square of the difference, as a share of the others' own. */
export function mapError(maps: readonly Float32Array[], others: readonly Float32Array[]): number {
  let difference = 0;
  let own = 0;
  others.forEach((other, index) => {
    const map = maps[index]!;
    for (let at = 0; at < other.length; at += 1) {
      difference += (map[at]! - other[at]!) ** 2;
      own += other[at]! ** 2;
    }
  });
  return Math.sqrt(difference / Math.max(own, Number.MIN_VALUE));
}

/** Pictures a second of each model, one picture at a time, in turns so that what else the machine does meets both alike. */
export async function framesPerSecond(
  models: readonly Uint8Array[],
  { pixels, size }: Pictures,
  { threads, rounds = 15 }: { readonly threads: number; readonly rounds?: number },
): Promise<readonly number[]> {
  const sessions: Session[] = [];
  try {
    for (const model of models) sessions.push(await openSession(model, { threads }));
    const times = models.map((): number[] => []);
    const feeds = feedOf(pixels[0]!, size);
    for (let round = 0; round <= rounds; round += 1) {
      for (const [index, session] of sessions.entries()) {
        const startedAtMs = performance.now();
        await session.run(feeds);
        // The first round allocates.
        if (round > 0) times[index]!.push(performance.now() - startedAtMs);
      }
    }
    return times.map((each) => 1_000 / each.sort((a, b) => a - b)[each.length >> 1]!);
  } finally {
    for (const session of sessions) await session.close();
  }
}
