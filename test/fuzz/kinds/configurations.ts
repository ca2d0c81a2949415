import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { stringify } from "yaml";
import { type ConfigMachine, checkConfig } from "../../../config/load.js";
import { mask } from "../../../config/mask.js";
import { packageRoot } from "../../../config/package-root.js";
import { missingPaths } from "../../../config/presence.js";
import { awkwardNames, awkwardNumbers, damaged } from "../damage.js";
import { Finding, type FuzzKind, requireCode, type Subject, TAKEN } from "../kind.js";

interface Layers {
  readonly yaml: Buffer;
  readonly env: Readonly<Record<string, string>>;
  readonly set: readonly string[];
}

const root = packageRoot();
const example = readFileSync(join(root, "config/example.yaml"), "utf8");
const small = "models: {m: {path: /m}}\ncameras: [{id: a, model: m, source: {type: demo}}]\n";

const keys = [...new Set([...example.matchAll(/^\s*#?\s*-?\s*(\w+):/gm)].map(([, key]) => key!)), ...awkwardNames];
const scalars = [
  ...awkwardNumbers.map(String),
  ".inf",
  "-.inf",
  ".nan",
  "1e400",
  "0x7fffffffffffffff",
  "0o17",
  "~",
  "null",
  "on",
  "!!binary aGVsbG8=",
  "!!js/function 'function(){}'",
  "!!python/object/apply:os.system ['id']",
  "!!set {a, b}",
  "!!omap [a: 1]",
  "!!timestamp 2001-12-14",
  "!!float x",
  "!<tag:yaml.org,2002:str> x",
  "!foo bar",
  "mqtt://u:p@h",
  "rtsp://[::1",
  "mqtts://h:99999",
  "*anchor",
  "&a [*a]",
  "&a {b: *a}",
  "<<: *a",
  "{<<: 5}",
  "{<<: [x]}",
  "{<<: {x: 1}}",
  "'\\u0000'",
  '"\\x00\\u202e"',
  "|\n    text\n",
];
const scalar = fc.oneof(
  fc.constantFrom(...scalars),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.double().map(String),
);
const flow: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    fc.array(tie("node"), { maxLength: 4 }).map((items) => `[${items.join(", ")}]`),
    fc
      .array(fc.tuple(fc.constantFrom(...keys), tie("node")), { maxLength: 5 })
      .map((pairs) => `{${pairs.map(([key, node]) => `${key}: ${node}`).join(", ")}}`),
  ),
})).node;

/** The example with lines left out, doubled, moved in, and their values changed. */
const lines = example.split("\n");
const edits = fc.array(fc.tuple(fc.nat(lines.length - 1), fc.constantFrom("drop", "double", "indent", "value"), flow), {
  minLength: 1,
  maxLength: 8,
});
const edited = edits.map((each) => {
  const changed = [...lines];
  for (const [at, how, node] of each) {
    const line = changed[at]!;
    if (how === "drop") changed[at] = "";
    else if (how === "double") changed[at] = `${line}\n${line}`;
    else if (how === "indent") changed[at] = `  ${line}`;
    else changed[at] = line.replace(/:.*/s, `: ${node}`);
  }
  return changed.join("\n");
});

const bomb = fc.tuple(fc.integer({ min: 2, max: 30 }), fc.integer({ min: 2, max: 12 })).map(([levels, width]) => {
  const names = Array.from(
    { length: levels },
    (_, level) =>
      `a${level}: &a${level} ${
        level === 0
          ? "x"
          : `[${Array(width)
              .fill(`*a${level - 1}`)
              .join(",")}]`
      }`,
  );
  return `${names.join("\n")}\nmqtt: {username: *a${levels - 1}}\n`;
});
const deep = fc
  .tuple(fc.integer({ min: 1, max: 4_000 }), fc.constantFrom("[", "{a: ", "- ", "? ", "&a ", "!x ", "'", "<<: {"))
  .map(([depth, opening]) => `mqtt: ${opening.repeat(depth)}`);
const wide = fc
  .integer({ min: 1, max: 800 })
  .map((count) => `models: {${Array.from({ length: count }, (_, at) => `m${at}: {path: /p}`).join(", ")}}`);
const polluting = fc
  .constantFrom(...awkwardNames.filter((name) => name !== ""))
  .chain((name) =>
    fc.constantFrom(
      `${name}: {polluted: true}`,
      `mqtt: {${name}: {polluted: true}}`,
      `models: {${name}: {path: /p}}\ncameras: [{id: ${name}, model: ${name}, source: {type: demo}}]`,
      `cameras: [{id: ${name}, model: ${name}, source: {type: ${name}}}]`,
      `cameras: {${name}: 1}`,
      `<<: {${name}: {polluted: true}}`,
    ),
  );
const anyObject = fc.object({ key: fc.constantFrom(...keys), maxDepth: 5 }).map((each) => stringify(each));

const yaml = fc
  .oneof(
    flow.map((node) => `${small}mqtt: ${node}`),
    flow.map((node) => `models: {m: {path: /m}}\ncameras: [{id: a, model: m, source: ${node}}]`),
    flow,
    edited,
    polluting,
    anyObject,
    fc.oneof({ weight: 1, arbitrary: bomb }, { weight: 1, arbitrary: deep }, { weight: 1, arbitrary: wide }),
  )
  .map((text) => Buffer.from(text));

const path = fc.array(fc.oneof(fc.constantFrom(...keys, "0", "1", "a", "999999999"), fc.string({ maxLength: 5 })), {
  minLength: 1,
  maxLength: 6,
});
const assignment = fc.oneof(
  fc.tuple(path, flow).map(([words, node]) => `${words.join(".")}=${node}`),
  fc.tuple(path, flow).map(([words, node]) => `${words.join("[0].")}=${node}`),
  fc.string({ unit: "binary", maxLength: 60 }),
);
const variable = fc
  .tuple(path, flow)
  .map(([words, node]): [string, string] => [`RETORT_${words.join("_").toUpperCase()}`, node]);

const inputs: fc.Arbitrary<Layers> = fc.record({
  yaml: fc.oneof(
    yaml,
    damaged([Buffer.from(example), Buffer.from(small)]),
    fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each)),
  ),
  env: fc.array(variable, { maxLength: 3 }).map((pairs) => Object.fromEntries(pairs)),
  set: fc.array(assignment, { maxLength: 3 }),
});

async function open(): Promise<Subject<Layers>> {
  return {
    tryOne({ yaml: bytes, env, set }) {
      const machine: ConfigMachine = {
        hostname: "box",
        cwd: "/line",
        packageRoot: root,
        readText: (file) => (file === "/fuzz.yaml" ? bytes.toString("utf8") : readFileSync(file, "utf8")),
        exists: () => false,
      };
      const { config, problems, warnings } = checkConfig({ file: "/fuzz.yaml", env, set }, machine);
      if (Object.hasOwn(Object.prototype, "polluted") || ({} as { polluted?: unknown }).polluted !== undefined) {
        throw new Finding("Object.prototype was changed");
      }
      const missing = config === undefined ? [] : Object.values(missingPaths(config, () => null)).flat();
      for (const problem of [...problems, ...warnings, ...missing]) {
        requireCode(problem.code);
        if (problem.remedy === "" || typeof problem.message !== "string")
          throw new Finding("a problem without a remedy");
        if (problem.message.length > 5_000 || problem.path.length > 5_000)
          throw new Finding("a problem that quotes all");
      }
      if (config === undefined) return requireCode(problems[0]?.code);
      stringify(mask(config));
      if (JSON.stringify(config).length > 10_000_000) throw new Finding("a configuration that has swollen");
      return TAKEN;
    },
    close: async () => undefined,
  };
}

export const configurations: FuzzKind<Layers> = { name: "configurations", inputs, limitMs: 2_000, open };
