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
  const sink = new FakeSink();
  const valve = { drop: false };
  const gate = createGate(valve, sink);
  gate.reset();
  /** A picture leaves the camera; it is scaled only through an open gate. */
  const picture = (number: number): void => {
    if (!valve.drop) sink.push(Buffer.of(number));
  };
  const next = async (): Promise<number | undefined> => (await gate.next())?.buffer[0];
  return { sink, valve, picture, next };
}

/** Longer than the gate stays open. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 25));

test("is open while a picture is asked for, and shut soon after", async () => {
  const { valve, picture, next } = camera();
  assert.ok(valve.drop);
  const first = next();
  assert.not(valve.drop);
  picture(1);
  assert.is(await first, 1);
  await pause();
  assert.ok(valve.drop);
});

test("stays open where the next picture is asked for soon: what came meanwhile is taken", async () => {
  const { valve, picture, next } = camera();
  const first = next();
  picture(1);
  picture(2);
  assert.is(await first, 1);
  assert.is(await next(), 2);
  const third = next();
  assert.not(valve.drop);
  picture(3);
  await third;
});

test("a picture that slipped through is not taken later, when it is old", async () => {
  const { picture, next } = camera();
  const first = next();
  picture(1);
  picture(2);
  assert.is(await first, 1);
  await pause();
  picture(3);
  picture(4);
  const second = next();
  await new Promise((resolve) => setTimeout(resolve, 20));
  picture(5);
  assert.is(await second, 5);
});

test.run();
