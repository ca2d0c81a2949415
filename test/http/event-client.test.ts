import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import * as assert from "uvu/assert";
import type { LivePicture } from "../../agent/contract/live-events.js";
import { EventClient, eventText } from "../../agent/http/event-client.js";
import { livePicture } from "../support/live.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("HTTP: a live view on a slow network");

/** A network that takes what was written when the test says so. */
class SlowResponse extends ServerResponse {
  readonly written: string[] = [];
  readonly #untaken: (() => void)[] = [];

  override write(text: unknown, ...rest: unknown[]): boolean {
    this.written.push(String(text));
    const done = rest.at(-1);
    this.#untaken.push(() => typeof done === "function" && done());
    return true;
  }

  take(): void {
    this.#untaken.shift()?.();
  }
}

test("every camera is seen, also where all are triggered together and the network takes fewer pictures than there are", async () => {
  const response = new SlowResponse(new IncomingMessage(new Socket()));
  const client = new EventClient({ response, headers: {}, onGone: () => undefined, stallMs: 1_000 });
  const cameras = ["cam1", "cam2", "cam3", "cam4"];
  const pictures = await Promise.all(cameras.map((camera) => livePicture(camera, 1)));
  for (let frame = 1; frame <= 12; frame += 1) {
    for (const picture of pictures) client.sendPicture(picture.camera, eventText("picture", { ...picture, frame }));
    response.take();
  }
  const seen = response.written.map((text): LivePicture => JSON.parse(text.slice(text.indexOf("{"))));
  const of = (id: string) => seen.filter(({ camera }) => camera === id);
  for (const camera of cameras) {
    assert.is(of(camera).length >= 3, true, `${camera}: ${of(camera).length} of ${seen.length}`);
    assert.ok(of(camera).at(-1)!.frame >= 8, "a late picture, never an old one");
  }
  assert.is(client.picturesSent, 12);
  const waiting = cameras.length - 1;
  assert.is(client.picturesDropped, 48 - seen.length - waiting);
});

test("a client whose session has ended and that takes nothing any more is cut off, however often it is ended", async () => {
  const response = new SlowResponse(new IncomingMessage(new Socket()));
  const client = new EventClient({ response, headers: {}, onGone: () => undefined, stallMs: 50 });
  client.send(eventText("ping", { ts: "", picturesDropped: 0 }));
  client.end();
  assert.not(response.destroyed, "what waits may still be taken");
  await until(() => {
    client.end();
    return response.destroyed;
  }, "cut off");
});

test.run();
