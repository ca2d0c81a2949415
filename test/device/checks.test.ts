/** What `npm run device` says of machines: by a scripted binding, whose CUDA and TensorRT are ONNX Runtime's CPU provider. */
import "../support/scripted-binding.js";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { inferenceConfig, temporaryFolder } from "../support/config.js";
import { script } from "../support/scripted-binding.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { engines, providers, type Subject, scores } from "./checks.js";
import type { Finding } from "./findings.js";

const test = suite("checks of a machine");
test.before.each(() => script({}));

async function subject(rest: Partial<Subject> = {}): Promise<Subject> {
  const fp16 = await writeTinyBundle();
  const manifest = join(fp16, "model.json");
  await writeFile(manifest, JSON.stringify({ ...JSON.parse(await readFile(manifest, "utf8")), precision: "fp16" }));
  return {
    ...{ bundle: await writeTinyBundle(), fp16, gpu: true, folder: temporaryFolder(), rounds: 1, segmentMs: 20 },
    inference: inferenceConfig({ fallback: "allow", maxBatch: 1 }),
    ...rest,
  };
}

const kinds = (findings: readonly Finding[]): Readonly<Record<string, Finding["kind"]>> =>
  Object.fromEntries(findings.map(({ what, kind }) => [what, kind]));

test("where everything works each provider opens, and its speed is told beside the CPU's of the same run", async () => {
  const found = await providers(await subject());
  assert.equal(new Set(Object.values(kinds(found))), new Set(["held"]));
  assert.equal(
    found.map(({ what }) => what),
    [
      ...["cpu", "cuda", "tensorrt"].map((name) => `${name} opens`),
      ...["cpu", "cuda", "tensorrt"].map((name) => `${name} speed`),
    ],
  );
  assert.match(found.at(-1)!.said, /^\d+\.\d frames\/s, \d+\.\d times the CPU$/);
});

test("a library that is not there is lacking, with a GPU as well; any other refusal is broken where there is one", async () => {
  script({ missing: ["cuda"], build: "refuse" });
  const withGpu = kinds(await providers(await subject()));
  assert.equal([withGpu["cuda opens"], withGpu["tensorrt opens"]], ["lacks", "broken"]);
  const without = kinds(await providers(await subject({ gpu: false })));
  assert.equal([without["cpu opens"], without["tensorrt opens"]], ["held", "lacks"]);
});

test("scores that are another provider's own are broken, in each precision that it computes in", async () => {
  script({ factor: 1.5 });
  assert.equal(kinds(await scores(await subject())), {
    ...{ "cuda in fp32": "held", "tensorrt in fp32": "broken" },
    ...{ "cpu in fp16": "held", "cuda in fp16": "held", "tensorrt in fp16": "broken" },
  });
});

test("an engine is built while frames are judged, changed to, and taken from the disk at the next start", async () => {
  script({ buildMs: 100 });
  const found = await engines(await subject());
  assert.equal(kinds(found), { "engine built and changed": "held", "engine cached": "held" });
  assert.match(found[0]!.said, "none lost");
});

test("an engine that judges otherwise is broken, and no cache is told of", async () => {
  script({ factor: 1.5 });
  assert.equal(kinds(await engines(await subject())), { "engine built and changed": "broken" });
});

test.run();
