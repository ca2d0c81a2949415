import * as assert from "uvu/assert";
import type { AlertPayload } from "../../agent/contract/payloads.js";
import { of } from "../support/agent-rig.js";
import { code, commandRig, result } from "../support/command-rig.js";
import { cameraConfig, configOf } from "../support/config.js";
import { greyFrame } from "../support/frames.js";
import { schemaFaults } from "../support/schemas.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("acknowledge");
const { start, current } = commandRig(test);
const bad = 250;
const good = 10;

test("an alert of the run before can still be acknowledged: it stands in the history", async () => {
  // The pictures of these tests are of that time, and the history forgets what is old.
  const clock = { monotonicMs: () => performance.now(), wallMs: () => greyFrame(0).capturedAtMs + 60_000 };
  const line = await start(configOf([cameraConfig("cam1")]), { clock });
  await line.show(bad, bad);
  await until(() => of(line.sent, "cam1/alert").length === 1, "the alert");
  const { id, peak } = of<AlertPayload>(line.sent, "cam1/alert")[0]!;
  await current().stop();
  const next = await start(line.config, { clock });
  assert.equal(result(await next.ask("acknowledge", { alert: id, by: "early shift" })), { alert: id });
  const alerts = () => of<AlertPayload>(next.sent, "cam1/alert");
  await until(() => alerts().length === 1, "it is told");
  const [told] = alerts();
  assert.equal([told!.id, told!.seq, told!.phase, told!.by, told!.peak], [id, 3, "acknowledged", "early shift", peak]);
  assert.equal(schemaFaults("alert", told), []);
});

test("acknowledge is told in the alert's own name, standing or cleared; one that nobody knows is an error", async () => {
  const line = await start();
  await line.show(bad, bad);
  const alerts = () => of<AlertPayload>(line.sent, "cam1/alert");
  await until(() => alerts().length === 1, "the alert");
  const { id, peak } = alerts()[0]!;
  assert.is(code(await line.ask("acknowledge", { alert: id, by: "late shift" })), "ok");
  await line.show(good, good);
  assert.is(code(await line.ask("acknowledge", { alert: id })), "ok");
  assert.is(code(await line.ask("acknowledge", { alert: "no-such" })), "ALERT_UNKNOWN");
  await until(() => alerts().length === 4, "four steps");
  assert.equal(
    alerts().map((alert) => [alert.phase, alert.seq, alert.by]),
    [
      ["raised", 1, undefined],
      ["acknowledged", 2, "late shift"],
      ["cleared", 3, undefined],
      ["acknowledged", 4, undefined],
    ],
  );
  assert.ok(alerts().every((alert) => alert.id === id && alert.peak === peak));
  assert.equal(
    alerts().flatMap((alert) => schemaFaults("alert", alert)),
    [],
  );
});

test.run();
