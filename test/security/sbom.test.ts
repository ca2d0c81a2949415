import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { packageRoot } from "../../config/package-root.js";
import { suite } from "../support/suite.js";

const test = suite("software bill of materials");

test("CycloneDX, with every dependency of the product in its locked version, and none of the tests'", () => {
  const text = execFileSync("npm", ["run", "--silent", "sbom"], { cwd: packageRoot(), maxBuffer: 1e8 }).toString();
  const { bomFormat, components } = JSON.parse(text) as {
    bomFormat: string;
    components: { name: string; version: string }[];
  };
  assert.is(bomFormat, "CycloneDX");
  const manifest = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as Record<string, object>;
  const listed = new Set(components.map(({ name, version }) => `${name}@${version}`));
  const missing = Object.entries(manifest.dependencies!).filter(([name, version]) => !listed.has(`${name}@${version}`));
  assert.equal(missing, []);
  assert.not.ok(components.some(({ name }) => name in manifest.devDependencies!));
});

test.run();
