/** The table of codes holds every code that Retort gives, and no other. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { packageRoot } from "../../config/package-root.js";
import { CodedError, errorChapters, errorCodes } from "../../errors.js";
import { suite } from "../support/suite.js";

const test = suite("error codes");

/** What others call it: OpenSSL, Node, its HTTP parser, GStreamer, LevelDB, systemd; our own variables. */
const FOREIGN = /^(CERT|ERR|HPE|GST|LEVEL|NOTIFY|WATCHDOG|EXTEND|RETORT)_/;

function sourcesOf(folder: string): string[] {
  return readdirSync(join(packageRoot(), folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourcesOf(path);
    return /\.c?ts$/.test(entry.name) ? [path] : [];
  });
}

/** Every code that stands in a source: as a whole string, or at the front of a text that goes on behind it. */
const used = new Map<string, string>();
for (const path of ["agent", "models", "config"].flatMap(sourcesOf)) {
  const text = readFileSync(join(packageRoot(), path), "utf8");
  for (const [, code = ""] of text.matchAll(/(?:["'](?=\w+["'])|["'`](?=\w+: ))([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b/g)) {
    if (!FOREIGN.test(code)) used.set(code, path);
  }
}

test("every code in the sources is in the table", () => {
  const unknown = [...used].filter(([code]) => !Object.hasOwn(errorCodes, code));
  assert.equal(unknown, []);
});

test("every code in the table is given somewhere", () => {
  assert.equal(
    Object.keys(errorCodes).filter((code) => !used.has(code)),
    [],
  );
});

test("the documents name no code that is not in the table", () => {
  const documents = ["README.md", "SECURITY.md", "deploy/README.md", "agent/http/openapi.yaml"];
  const pages = readdirSync(join(packageRoot(), "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`);
  /** Variables, rights and words of PLC programs: the product's, Node's, the system's, IEC 61131-3's. */
  const others = /^(RETORT|UV|NODE|ONNXRUNTIME|GST|CAP|AF|END|NOTIFY|WATCHDOG|EXTEND)_/;
  for (const path of [...documents, ...pages]) {
    const words = readFileSync(join(packageRoot(), path), "utf8").match(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g) ?? [];
    const unknown = words.filter((word) => !others.test(word) && !Object.hasOwn(errorCodes, word));
    assert.equal(unknown, [], path);
  }
});

test("a code stands in one chapter", () => {
  const all = errorChapters.flatMap(({ codes }) => Object.keys(codes));
  assert.equal(
    all.filter((code, index) => all.indexOf(code) !== index),
    [],
  );
});

test("each code has a meaning and a remedy that are sentences, and a page that exists", () => {
  for (const { documentedAt, codes } of errorChapters) {
    const [page = "", anchor] = documentedAt.split("#");
    const headings = readFileSync(join(packageRoot(), page), "utf8").matchAll(/^#+ (.*)$/gm);
    const anchors = [...headings].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replace(/[^\w -]/g, "")
        .replaceAll(" ", "-"),
    );
    if (anchor !== undefined) assert.ok(anchors.includes(anchor), documentedAt);
    for (const [code, { means, remedy }] of Object.entries(codes)) {
      assert.match(means, /^[A-Za-z`][\s\S]*\.$/, code);
      assert.match(remedy, /^[A-Z`][\s\S]*[.\w>]$/, code);
    }
  }
});

test("an error of a code that is not in the table does not compile", () => {
  // @ts-expect-error: the compiler is what is tested
  const error = new CodedError("NO_SUCH_CODE", "m", { remedy: "r" });
  assert.is(error.message, "m");
});

test("an error that brings no remedy of its own has the table's", () => {
  assert.is(new CodedError("METRIC_ONE_CLASS", "m").remedy, errorCodes.METRIC_ONE_CLASS.remedy);
  assert.is(new CodedError("METRIC_ONE_CLASS", "m", { remedy: "r" }).remedy, "r");
});

test.run();
