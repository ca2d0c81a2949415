import * as assert from "uvu/assert";
import { PrimaryHost } from "../../agent/sparkplug/primary-host.js";
import { suite } from "../support/suite.js";

const test = suite("Sparkplug: the host that is waited for");
const NOW_MS = Date.UTC(2026, 6, 1);
const YEAR_MS = 365 * 86_400_000;
const state = (online: boolean, timestamp: number) => Buffer.from(JSON.stringify({ online, timestamp }));

test("one whose clock was ahead by years is heard again once it is right", () => {
  let nowMs = NOW_MS;
  const host = new PrimaryHost(() => nowMs);
  assert.is(host.hear(state(true, NOW_MS + YEAR_MS)), "online");
  assert.is(host.hear(state(false, NOW_MS + YEAR_MS)), "offline");
  nowMs += 60_000;
  assert.is(host.hear(state(true, nowMs)), "online");
  assert.is(
    host.hear(state(false, NOW_MS - 1)),
    "older",
    "and the will of a session of before changes nothing, as ever",
  );
  assert.ok(host.online);
});

test("between an older and a newer word the timestamps decide, also where this machine's clock is not set", () => {
  const host = new PrimaryHost(() => 5_000);
  assert.is(host.hear(state(true, NOW_MS)), "online");
  assert.is(host.hear(state(false, NOW_MS + 1_000)), "offline");
  assert.is(host.hear(state(false, 4_000)), "older");
});

test.run();
