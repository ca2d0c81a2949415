import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import type { LearningAnswer } from "../../agent/contract/learning.js";
import { feedbackKept } from "../../agent/evidence/feedback-kept.js";
import { openHttp } from "../../agent/http/open.js";
import type { AgentView } from "../../agent/http/view.js";
import { fakeEngine } from "../fakes/engine.js";
import { alertId } from "../support/alert-step.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";
import { testView } from "../support/view.js";

const test = suite("HTTP: what models learn from");

async function judged(folder: string, verdict: string, camera: string, n: number, ts?: string): Promise<void> {
  const path = join(folder, verdict, camera, `${alertId(n)}.webp`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, "");
  if (ts !== undefined) await writeFile(path.replace(/webp$/, "json"), JSON.stringify({ ts }));
}

async function ask(view: AgentView): Promise<LearningAnswer> {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const http = openHttp(view, { version: "1.2.3", log });
  await http.tried;
  const answer = (await (await fetch(new URL("/api/learning", http.url()!))).json()) as LearningAnswer;
  await http.close();
  return answer;
}

test("feedback is counted and listed by camera, and training again is told with the folders that it lies in", async () => {
  const root = temporaryFolder();
  const [folder, path] = [join(root, "state of it", "feedback"), join(root, "plate")];
  await judged(folder, "not_a_defect", "cam1", 1, "2026-01-02T03:04:05.000Z");
  await judged(folder, "not_a_defect", "cam1", 2);
  await judged(folder, "defect", "cam1", 3);
  await judged(folder, "defect", "gone", 4);
  await writeFile(join(folder, "defect", "stray.txt"), "");
  const view = testView();
  const engine = fakeEngine();
  const answer = await ask({
    ...view,
    config: { ...view.config, models: { plate: { path } } },
    models: new Map([["plate", { engine, arch: "resnet18" }]]),
    evidence: { ...view.evidence, feedback: () => feedbackKept(folder, ["cam1"]) },
  });
  const kept = answer.feedback!;
  assert.is(kept.folder, folder);
  assert.equal(
    kept.cameras.map(({ camera, counts }) => [camera, counts.defect, counts.not_a_defect]),
    [
      ["cam1", 1, 2],
      ["gone", 1, 0],
    ],
  );
  assert.equal(kept.latest.map(({ id }) => id).sort(), [1, 2, 3, 4].map(alertId));
  assert.is(kept.latest.find(({ id }) => id === alertId(1))?.ts, "2026-01-02T03:04:05.000Z");
  assert.is(kept.latest.find(({ id }) => id === alertId(2))?.ts, null);
  const { width } = engine.input;
  assert.equal(answer.models.plate, {
    odd: null,
    trouble: null,
    commands: [
      `cp -r '${join(folder, "not_a_defect", "cam1")}' GOOD_PICTURES/`,
      `retort train --normal GOOD_PICTURES --arch resnet18 --teacher TEACHER --size ${width} --out ${path}-again`,
    ],
  });
});

test("a broken file of odd pictures is told; a model of somebody else's has no commands", async () => {
  const path = temporaryFolder();
  await writeFile(join(path, "odd-pictures.json"), "{");
  const view = testView();
  const answer = await ask({
    ...view,
    config: { ...view.config, models: { plate: { path } } },
    models: new Map([["plate", { engine: fakeEngine() }]]),
  });
  assert.is(answer.feedback, null);
  assert.match(answer.models.plate!.trouble!, /^BUNDLE_ODD_PICTURES: /);
  assert.is(answer.models.plate!.commands, null);
});

test.run();
