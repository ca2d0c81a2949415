/** The live view of a whole agent in a real Chromium: its own store, a real Mosquitto, ONNX Runtime; only the camera is a fake. */
import { join } from "node:path";
import * as assert from "uvu/assert";
import { startAgent } from "../../../agent/agent.js";
import { httpOpener } from "../../../agent/http/opener.js";
import { openMqtt } from "../../../agent/mqtt/open.js";
import { fakeCamera } from "../../fakes/camera.js";
import { browserOf } from "../../support/browser.js";
import { cameraConfig, configOf, mqttConfig, temporaryFolder } from "../../support/config.js";
import { greyFrame } from "../../support/frames.js";
import { startMosquitto, subscribe } from "../../support/mosquitto.js";
import { suite } from "../../support/suite.js";
import { writeTinyBundle } from "../../support/tiny-bundle.js";
import { until } from "../../support/until.js";

const test = suite("the live view of a running agent");
const browser = browserOf(test);
const SLOW_MS = 15_000;

browser.test(
  "a defect is seen and acknowledged over MQTT, a threshold set and taken back, an outage told",
  async () => {
    const broker = await startMosquitto();
    browser.finally(() => broker.stop());
    const config = configOf([cameraConfig("cam1")], {
      mqtt: mqttConfig({ url: broker.url }),
      models: { plate: { path: await writeTinyBundle() } },
      state: { path: join(temporaryFolder(), "state") },
    });
    const camera = fakeCamera("cam1", null);
    let url = "";
    const info = (line: string): void => {
      url ||= /^live view: (\S+)$/.exec(line)?.[1] ?? "";
    };
    const agent = await startAgent(config, {
      watchCamera: (options) => camera.watch(options),
      openPublisher: openMqtt,
      openHttp: await httpOpener(config),
      log: { info, warn: info, error: info },
    });
    browser.finally(() => agent.stop());
    await until(() => url !== "" && camera.wanted() > 0, "the agent wants pictures", SLOW_MS);

    // The line: a grey picture ten times a second.
    let [level, number] = [10, 0];
    const line = setInterval(() => {
      number += 1;
      const at = { camera: "cam1", number, capturedAtMs: Date.now(), availableAtMs: performance.now() };
      camera.tell({ kind: "frame", camera: "cam1", frame: greyFrame(level, { width: 16, height: 16 }, at) });
    }, 100);
    browser.finally(async () => clearInterval(line));

    const heard = await subscribe(broker.port, "retort/line-7/cam1/alert");
    browser.finally(() => heard.stop());
    const { page, complaints, requests } = await browser.open(url);
    const first = await page.locator(".stage[data-frame]").getAttribute("data-frame");
    await page.locator(`.stage[data-frame]:not([data-frame="${first}"])`).waitFor();
    await page.getByText("OK", { exact: true }).waitFor();

    level = 250;
    await page.getByText("ANOMALY", { exact: true }).waitFor();
    await page.getByRole("button", { name: /^Acknowledge/ }).click();
    const acknowledged = () => heard.of("retort/line-7/cam1/alert").find(({ phase }) => phase === "acknowledged");
    await until(() => acknowledged() !== undefined, "the acknowledgement reaches MQTT", SLOW_MS);
    await page.locator('.alert[data-open="false"]').getByText("seen").waitFor();
    assert.match(String(acknowledged()?.by), /127\.0\.0\.1|::1/, "who did it is known");

    const grip = page.getByRole("slider", { name: "Threshold to try" });
    await grip.focus();
    await page.keyboard.press("PageUp");
    await page.getByText(/rejected|no difference/).waitFor();
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByText("Changed from 0.500 to 0.550.").waitFor();
    await until(() => agent.cameras[0]?.threshold() === 0.55, "the threshold is in force", SLOW_MS);
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByText("Back at 0.500.").waitFor();
    assert.is(agent.cameras[0]?.threshold(), 0.5);

    await broker.stop();
    const strip = page.locator(".troubles");
    await strip.getByText("Broker not connected").waitFor();
    const again = await startMosquitto(broker.port);
    browser.finally(() => again.stop());
    await strip.getByText("All well").waitFor();
    assert.equal(complaints, []);
    assert.equal(
      requests.filter((address) => !address.startsWith(url) && !address.startsWith("data:")),
      [],
    );
  },
);

test.run();
