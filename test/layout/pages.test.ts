import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { packageRoot } from "../../config/package-root.js";
import { pages } from "../docs/pages.js";
import { suite } from "../support/suite.js";

const test = suite("pages made from the code");

for (const { path, text } of pages) {
  test(`${path} says what the code does: \`npm run docs\` writes it anew`, () => {
    const file = join(packageRoot(), path);
    assert.is(existsSync(file) ? readFileSync(file, "utf8") : "", text());
  });
}

test.run();
