/** One declaration: what is made from the schema agrees with what the loader takes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import type { Node } from "../../config/declare.js";
import { fileSchema, jsonSchema } from "../../config/json-schema.js";
import { packageRoot } from "../../config/package-root.js";
import { assign, isTree } from "../../config/tree.js";
import { validate } from "../../config/validate.js";
import { camera, check, demo } from "../support/config-machine.js";
import { retort } from "../support/retort.js";
import { suite } from "../support/suite.js";

const test = suite("configuration schema");
const validates = new Ajv({ allErrors: true }).compile(jsonSchema());
const exampleText = readFileSync(join(packageRoot(), "config/example.yaml"), "utf8");
const example: unknown = parse(exampleText);

test("`retort config schema` prints JSON Schema that takes the annotated example", async () => {
  const { status, stdout } = await retort(["config", "schema"]);
  assert.is(status, 0);
  const printed = JSON.parse(stdout) as object;
  assert.equal(printed, JSON.parse(JSON.stringify(jsonSchema())));
  assert.ok(new Ajv().compile(printed)(example));
  assert.equal(check(exampleText).problems, []);
});

/** Every leaf, and where it stands in the example; a kind of source by the camera that shows it. */
function leaves(node: Node, at: readonly string[]): readonly (readonly string[])[] {
  switch (node.kind) {
    case "leaf":
      return [at];
    case "section":
      return Object.entries(node.keys).flatMap(([key, child]) => leaves(child, [...at, key]));
    case "names":
      return leaves(node.each, [...at, "plate"]);
    case "list":
      return leaves(node.each, [...at, "0"]);
    case "variants":
      return Object.values(node.kinds).flatMap((kind, index) => leaves(kind, ["cameras", String(index), "source"]));
  }
}

const wrong = [null, "", "off", "x y", "-1", -1, 0, 0.5, 1e12, true, [], ["x"], {}, { a: 1 }];

/** The example with one value changed; of its cameras only the one that has it. */
function changed([first, ...rest]: readonly string[], value: unknown): unknown {
  assert.ok(isTree(example) && Array.isArray(example.cameras));
  const [index, ...below] = first === "cameras" ? rest : ["0"];
  const alone = { ...example, cameras: [example.cameras[Number(index)] as unknown] };
  return assign(alone, first === "cameras" ? ["cameras", "0", ...below] : [first!, ...rest], value);
}

test("an editor that goes by the JSON Schema marks what `check` refuses, for every setting", () => {
  const places = leaves(fileSchema, []);
  assert.ok(places.length > 80, `${places.length} settings`);
  for (const place of places) {
    for (const value of wrong) {
      const tree = changed(place, value);
      const { problems } = validate(fileSchema, tree, "box");
      const what = `${place.join(".")}: ${JSON.stringify(value)}: ${JSON.stringify(problems)}`;
      assert.is(validates(tree), problems.length === 0, what);
    }
  }
});

test("what is missing or unknown is marked, too", () => {
  for (const yaml of [
    "mqtt: {url: embedded}",
    demo.replace("id: a,", ""),
    demo.replace("path: /m", ""),
    `${demo}mqtt: {ulr: x}`,
    camera("source: {type: usb}"),
    camera("source: {path: x}"),
    camera("source: {type: demo, path: x}"),
    demo.replace("path: /m", "path: /m, selfTest: {everyMinutes: 5}"),
  ]) {
    assert.not.ok(validates(parse(yaml)), yaml);
    assert.ok(check(yaml).problems.length > 0, yaml);
  }
  assert.ok(validates(parse(demo)));
});

test.run();
