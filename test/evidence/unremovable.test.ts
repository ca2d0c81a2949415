import { readdirSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { v7 as uuidv7 } from "uuid";
import * as assert from "uvu/assert";
import { Archive } from "../../agent/evidence/archive.js";
import { diskEvidence } from "../../agent/evidence/store.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";

const test = suite("evidence that cannot be removed");

test("it still counts, what is behind it goes, and it goes once it can", async () => {
  const folder = temporaryFolder();
  const inTheWay = join(folder, "way");
  writeFileSync(inTheWay, "");
  const archive = new Archive({
    root: folder,
    maxBytes: 2 * 8_192,
    keepMs: 60_000,
    ageMs: () => 0,
    space: async () => ({ freeBytes: 1e12, totalBytes: 2e12 }),
  });
  const path = join(inTheWay, "held.jpg");
  const held = { key: "evidence/held", id: uuidv7(), stampMs: 0, path, bytes: 8_192 };
  await archive.adopt(async () => [held]);
  const store = diskEvidence(join(folder, "evidence"), archive);
  const picture = new Uint8Array(5_000);
  const [first, second] = [uuidv7(), uuidv7()];
  assert.ok((await store.put(first, picture)).kept);
  assert.ok((await store.put(second, picture)).kept, "the first has made room");
  assert.equal([readdirSync(join(folder, "evidence")), archive.health().items], [[`${second}.jpg`], 2]);
  await rm(inTheWay);
  assert.ok((await store.put(uuidv7(), picture)).kept);
  assert.equal([archive.at(held.key), archive.health().items], [undefined, 2]);
});

test.run();
