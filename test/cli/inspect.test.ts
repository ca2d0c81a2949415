import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { packageRoot } from "../../config/package-root.js";
import { imageSize } from "../../models/pictures/images.js";
import { temporaryFolder } from "../support/config.js";
import { dataSet, picture, side } from "../support/data-set.js";
import { retort } from "../support/retort.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";

const test = suite("retort inspect");
const main = join(packageRoot(), "dist/agent/main.cjs");

interface Answer {
  readonly pictures: readonly {
    readonly path: string;
    readonly score: number | null;
    readonly threshold: number;
    readonly verdict: string;
    readonly reason: string | null;
    readonly regions: readonly object[];
    readonly map: string | null;
  }[];
}

let bundle = "";
let data = "";
let good = "";
let bad = "";
let broken = "";
let black = "";
test.before(async () => {
  bundle = await writeTinyBundle();
  data = await dataSet(temporaryFolder());
  good = join(data, "test", "good", "000.png");
  bad = join(data, "test", "spot", "000.png");
  broken = join(data, "broken.png");
  writeFileSync(broken, "no picture");
  black = join(data, "black.png");
  await picture(black, 0, null);
});

async function inspect(...args: readonly string[]) {
  const { status, stdout } = await retort(["inspect", "--model", bundle, "--json", ...args]);
  return { status, pictures: (JSON.parse(stdout) as Answer).pictures };
}

test("a bad picture is status 1, with score, verdict and regions in its own pixels", async () => {
  const { status, pictures } = await inspect(good, bad, broken);
  assert.is(status, 1);
  assert.equal(
    pictures.map(({ path, verdict, threshold }) => [path, verdict, threshold]),
    [
      [good, "ok", 0.5],
      [bad, "ng", 0.5],
      [broken, "unknown", 0.5],
    ],
  );
  const score = Math.fround(200 / 255);
  assert.equal([pictures[1]?.score, pictures[1]?.reason], [score, null]);
  assert.equal(pictures[1]?.regions, [{ x: 0, y: 0, width: 4, height: 4, area: 16, score }]);
  assert.equal(pictures[0]?.regions, []);
});

test("status 0 says that every picture was judged and is good; one that could not be is status 2, with its reason", async () => {
  assert.is((await inspect(good, join(data, "test", "good"))).status, 0);
  const { status, pictures } = await inspect(good, broken, black, join(data, "nowhere.png"));
  assert.is(status, 2);
  assert.equal(
    pictures.map(({ verdict, score }) => [verdict, score === null]),
    [["ok", false], ...Array.from({ length: 3 }, () => ["unknown", true])],
  );
  assert.equal(
    pictures.map(({ reason }) => reason?.split(":")[0] ?? null),
    [null, "IMAGE_UNREADABLE", "IMAGE_BLACK", "IMAGE_UNREADABLE"],
  );
  assert.match(pictures[3]!.reason!, /nowhere\.png: there is no file of this name$/);
  assert.is((await inspect(black, "--no-image-health")).status, 0);
});

test("heat maps lie in the folder asked for, none over another, and nowhere else", async () => {
  const maps = join(temporaryFolder(), "maps");
  const { pictures } = await inspect(join(data, "test"), broken, "--maps", maps);
  const drawn = ["fade/000", "good/000", "good/001", "spot/000"].map((name) => join(maps, "test", `${name}.png.jpg`));
  assert.equal(
    pictures.map(({ map }) => map),
    [...drawn, null],
  );
  for (const path of drawn) assert.ok((await imageSize(path)).width > side, path);
  assert.not(existsSync(`${bad}.jpg`));
  const { status, stderr } = await retort(["inspect", "--model", bundle, good, "--maps", "/dev/null/maps"]);
  assert.is(status, 1);
  assert.match(stderr, "error REPORT_UNWRITABLE: cannot write /dev/null/maps: ");
});

test("in a terminal each picture is a line", async () => {
  const { status, stdout, stderr } = await retort(["inspect", "--model", bundle, good, bad, broken]);
  assert.is(status, 1);
  const [first, second, third] = stdout.split("\n");
  assert.match(first!, /^ok +0\.07843 .*good\/000\.png$/);
  assert.match(second!, /^ng +0\.7843 .*spot\/000\.png +1 region$/);
  assert.match(third!, /^unknown +- .*IMAGE_UNREADABLE: /);
  assert.match(stderr, "1 ok, 1 ng, 1 unknown, at threshold 0.5000");
});

test("a reader that goes away changes neither the work nor its exit status", async () => {
  const maps = join(temporaryFolder(), "maps");
  const child = spawn(process.execPath, [main, "inspect", "--model", bundle, good, bad, "--maps", maps]);
  child.stdout.destroy();
  child.stderr.destroy();
  const [status] = (await once(child, "close")) as [number];
  assert.is(status, 1);
  assert.ok(existsSync(join(maps, "spot", "000.png.jpg")));
});

test("no pictures, or no bundle, is wrong usage", async () => {
  assert.is((await retort(["inspect", "--model", bundle])).status, 2);
  const { status, stderr } = await retort(["inspect", "--model", "/nowhere", good]);
  assert.is(status, 2);
  assert.match(stderr, "BUNDLE_UNREADABLE");
});

test.run();
