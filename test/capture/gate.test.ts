import * as assert from "uvu/assert";
import type { AppSink } from "../../agent/capture/binding.js";
import { createGate } from "../../agent/capture/gate.js";
import { suite } from "../support/suite.js";

const test = suite("the gate of a live camera");

/** A sink of the newest buffer only, as an appsink with drop=true is. */
class FakeSink implements AppSink {
  readonly eos = false;
  #reached = 0;
  #newest: Buffer | undefined;
  #puller: ((buffer: Buffer | null, caps: object) => void) | undefined;

  get stats(): string {
    return `application/x-gst-base-sink-stats, rendered=(guint64)${this.#reached};`;
  }

  pull(callback: (buffer: Buffer | null, caps: object) => void): void {
    const buffer = this.#newest;
    this.#newest = undefined;
    if (buffer === undefined) this.#puller = callback;
    else setImmediate(callback, buffer, {});
  }

  push(buffer: Buffer): void {
    this.#reached += 1;
    const puller = this.#puller;
    this.#puller = undefined;
    if (puller === undefined) this.#newest = buffer;
    else setImmediate(puller, buffer, {});
  }
}

function camera() {
  const [sink, nativeSink] = [new FakeSink(), new FakeSink()];
  const valve = { drop: false };
  const gate = createGate(valve, sink, nativeSink);
  gate.reset();
  /** A picture leaves the camera; it is scaled only through an open gate. */
  const picture = (number: number): void => {
    nativeSink.push(Buffer.of(number));
    if (!valve.drop) sink.push(Buffer.of(number));
  };
  const next = async (): Promise<{ number: number | undefined; missed: number | undefined }> => {
    const taken = await gate.next();
    return { number: taken?.buffer[0], missed: taken?.missed };
  };
  return { sink, valve, picture, next };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("is open while a picture is asked for, and shut soon after", async () => {
  const { valve, picture, next } = camera();
  assert.ok(valve.drop);
  const first = next();
  assert.not(valve.drop);
  picture(1);
  assert.equal(await first, { number: 1, missed: 0 });
  await turn();
  assert.ok(valve.drop);
});

test("stays open where the next picture is asked for at once: what came meanwhile is taken", async () => {
  const { valve, picture, next } = camera();
  const first = next();
  picture(1);
  picture(2);
  assert.is((await first).number, 1);
  assert.is((await next()).number, 2);
  assert.not(valve.drop);
});

test("a picture that slipped through is not taken later, when it is old", async () => {
  const { picture, next } = camera();
  const first = next();
  picture(1);
  picture(2);
  assert.is((await first).number, 1);
  await turn();
  picture(3);
  picture(4);
  const second = next();
  await new Promise((resolve) => setTimeout(resolve, 20));
  picture(5);
  assert.is((await second).number, 5);
});

test("counts the pictures that nobody asked for", async () => {
  const { picture, next } = camera();
  let number = 0;
  let missed = 0;
  for (let round = 0; round < 10; round += 1) {
    const taken = next();
    picture((number += 1));
    missed += (await taken).missed ?? 0;
    await turn();
    for (let unwanted = 0; unwanted < 4; unwanted += 1) picture((number += 1));
  }
  assert.ok(missed >= 35 && missed <= 36, `${missed} of the 36 before the last`);
});

test.run();
