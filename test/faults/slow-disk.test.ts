import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { stringify } from "yaml";
import type { HealthPayload } from "../../agent/contract/payloads.js";
import { openMemoryStore } from "../../agent/store/memory-store.js";
import { packageRoot } from "../../config/package-root.js";
import { stormCamera, writeStormPictures } from "../soak/agents.js";
import { temporaryFolder } from "../support/config.js";
import { startMosquitto, subscribe } from "../support/mosquitto.js";
import { alertStep, partVerdict, picture, testOutbox } from "../support/outbox.js";
import { bare } from "../support/retort.js";
import { slowSync } from "../support/slow-sync.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { until } from "../support/until.js";

const test = suite("a state folder on a slow SD card");
const SYNC_MS = 500;
const FPS = 20;

test("frames go on at their rate while each fsync takes half a second; alerts wait, none is lost, and what waits is counted", async () => {
  const slow = slowSync(SYNC_MS);
  if (slow === null) {
    console.log("skipped: there is no C compiler here");
    return;
  }
  const broker = await startMosquitto();
  const subscriber = await subscribe(broker.port, "retort/line-7/#");
  const folder = temporaryFolder();
  const [pictures, file] = [join(folder, "pictures"), join(folder, "line.yaml")];
  await writeStormPictures(pictures);
  const config = {
    agent: { id: "line-7" },
    mqtt: { url: broker.url },
    models: { tiny: { path: await writeTinyBundle() } },
    cameras: [stormCamera(pictures, FPS)],
    alerts: { floodAbove: 0 },
    http: { enabled: false },
    state: { path: join(folder, "state") },
  };
  writeFileSync(file, stringify(config));
  const main = join(packageRoot(), "dist/agent/main.cjs");
  const agent = spawn(process.execPath, [main, "run", "--config", file], { env: bare(slow), stdio: "ignore" });
  const exit = once(agent, "exit");
  const of = (kind: string) => subscriber.of(`retort/line-7/${kind}`);
  const seqs = (): number[] => of("storm/alert").map(({ seq }) => Number(seq));
  const health = (): HealthPayload | undefined => of("health").at(-1) as HealthPayload | undefined;
  try {
    await until(() => of("storm/score").length > 0, "a score", 30_000);
    const [before, beganMs] = [of("storm/score").length, performance.now()];
    await until(() => of("storm/score").length > before + 4 * FPS, "four seconds of frames", 20_000);
    const tookS = (performance.now() - beganMs) / 1_000;
    console.log(`${4 * FPS} frames in ${tookS.toFixed(1)} s; ${seqs().length} alerts`);
    // A line that waited for the disk would see two frames a second.
    assert.ok(tookS < 12, `four seconds of frames took ${tookS} s`);
    await until(() => seqs().length > 20, "alerts", 15_000);
    await until(() => health() !== undefined, "health", 15_000);
    const { outbox } = health()!;
    assert.equal([outbox.lost, outbox.full, outbox.gaps], [{}, false, []]);
    assert.ok(outbox.depth < 100, `${outbox.depth} wait`);
  } finally {
    agent.kill("SIGTERM");
    await exit;
    await subscriber.stop();
    await broker.stop();
  }
  assert.is(agent.exitCode, 0);
  assert.equal(
    seqs(),
    seqs().map((_, index) => index + 1),
    "every alert, in its order",
  );
});

test("an outbox whose store is that slow takes all that comes meanwhile in one turn, and holds no more than it may", async () => {
  const store = openMemoryStore();
  const outbox = await testOutbox({
    openStore: async () => ({
      ...store,
      batch: async (ops, options) => {
        if (options?.sync === true) await new Promise((resolve) => setTimeout(resolve, SYNC_MS / 10));
        await store.batch(ops, options);
      },
    }),
  });
  try {
    const beganMs = performance.now();
    const added = Array.from({ length: 300 }, () => outbox.add(alertStep(), { evidence: picture(1_000) }));
    const judged = Array.from({ length: 300 }, () => outbox.addVerdict(partVerdict()));
    assert.is(outbox.health().depth + outbox.health().verdicts, 600, "what waits is counted at once");
    await Promise.all([...added, ...judged]);
    // One after the other they would take 30 s.
    assert.ok(performance.now() - beganMs < 3_000, `it took ${performance.now() - beganMs} ms`);
    assert.equal([outbox.health().lost, outbox.last()], [{}, 300]);
  } finally {
    await outbox.close();
  }
});

test.run();
