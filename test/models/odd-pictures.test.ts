import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { CodedError } from "../../errors.js";
import { readOddPictures, writeOddPictures } from "../../models/bundle/odd-pictures.js";
import { imageSize } from "../../models/pictures/images.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";

const test = suite("the oddest good pictures beside a model");
const sha256 = "ab".repeat(32);

async function folder(): Promise<string> {
  const dir = join(temporaryFolder(), "bundle");
  await mkdir(dir);
  return dir;
}

test("a dozen of them are kept, small", async () => {
  const dir = await folder();
  const size = { width: 640, height: 320 };
  const pixels = new Uint8Array(640 * 320 * 3).fill(90);
  const candidates = [...Array(20).keys()].map((n) => ({ name: `${n}.png`, reason: "far", suspicious: n < 2, pixels }));
  await writeOddPictures({ dir, manifest: { sha256 } }, candidates, { size, images: 40 });
  const { images, pictures } = (await readOddPictures(dir, sha256))!;
  assert.is(images, 40);
  assert.equal(
    pictures.map(({ name }) => name),
    candidates.slice(0, 12).map(({ name }) => name),
  );
  assert.is(pictures.filter(({ suspicious }) => suspicious).length, 2);
  assert.equal(await imageSize(Buffer.from(pictures[0]!.jpeg, "base64")), { width: 160, height: 80 });
});

test("where there are none there are none; a file that training never wrote is refused by its name", async () => {
  const dir = await folder();
  assert.is(await readOddPictures(dir, sha256), null);
  const picture = { name: "a", reason: "b", suspicious: true, jpeg: "<script>" };
  for (const text of [
    "{",
    "[]",
    JSON.stringify({ v: 1, sha256, images: 1, pictures: [picture] }),
    JSON.stringify({ v: 1, sha256, images: 1, pictures: Array(13).fill({ ...picture, jpeg: "AAAA" }) }),
    " ".repeat(1_100_000),
  ]) {
    await writeFile(join(dir, "odd-pictures.json"), text);
    const refused = await readOddPictures(dir, sha256).catch((error: unknown) => error);
    assert.instance(refused, CodedError);
    assert.is((refused as CodedError).code, "BUNDLE_ODD_PICTURES");
    assert.match((refused as CodedError).message, /odd-pictures\.json/);
  }
});

test.run();
