import * as assert from "uvu/assert";
import { camera, check, demo, load } from "../support/config-machine.js";
import { suite } from "../support/suite.js";

const test = suite("values of a configuration");

test("golden pictures: drawn where they are the demo's, absent where there are none", () => {
  const selfTest = (rest: string) => load(demo.replace("path: /m", `path: /m, selfTest: {${rest}}`)).models.m?.selfTest;
  const given = { path: "/bad", goodPath: "/good", everyMinutes: 5 };
  assert.equal(selfTest("path: /bad, goodPath: /good, everyMinutes: 5"), given);
  assert.is(selfTest("path: demo")?.path, "demo");
  assert.is(load(demo).models.m?.selfTest, undefined);
});

for (const [what, yaml, path, remedy] of [
  ["text that looks like a number", `${demo}agent: {id: 7}`, "agent.id", 'Put it in quotes, as in "7".'],
  ["a camera's id", demo.replace("id: a", "id: 7"), "cameras.0.id", 'Put it in quotes, as in "7".'],
  ["yes and no", `${demo}mqtt: {prefix: true}`, "mqtt.prefix", 'Put it in quotes, as in "true".'],
  [
    "a number in quotes",
    camera('source: {type: demo}, alert: {threshold: "0.9"}'),
    "cameras.a.alert.threshold",
    "Take the quotes away: 0.9.",
  ],
  ["neither", camera("source: {type: demo}, fps: fast"), "cameras.a.fps", "Change the value."],
] as const) {
  test(`quotes: ${what}`, () => {
    const [problem, ...others] = check(yaml).problems;
    assert.equal(others, []);
    assert.equal([problem?.path, problem?.remedy], [path, remedy]);
  });
}

test("YAML's merge keys: one camera is written, the others say what is different", () => {
  const yaml = `models: {m: {path: /m}}
cameras:
  - &line { id: a, model: m, source: { type: demo }, fps: 5 }
  - { <<: *line, id: b, fps: 7 }
`;
  assert.equal(
    load(yaml).cameras.map(({ id, model, fps }) => [id, model, fps]),
    [
      ["a", "m", 5],
      ["b", "m", 7],
    ],
  );
});

test("a merge of what is no mapping is a fault of the file", () => {
  for (const line of ["<<: 5", "<<:", "mqtt: {<<: [x]}", "x: &x 5\nmqtt: {<<: *x}", "mqtt: {<<: *nowhere}"]) {
    assert.equal(
      check(`${demo}${line}\n`).problems.map(({ code }) => code),
      ["CONFIG_SYNTAX"],
      line,
    );
  }
});

test("names with dots are a warning: RabbitMQ makes levels of them", () => {
  const { problems, warnings } = check(demo.replace("id: a", "id: a.b"), { set: ["agent.id=x.y", "mqtt.prefix=p.q"] });
  assert.equal(problems, []);
  assert.equal(
    warnings.map(({ code, path }) => [code, path]),
    [
      ["CONFIG_NAME_DOTTED", "agent.id"],
      ["CONFIG_NAME_DOTTED", "mqtt.prefix"],
      ["CONFIG_NAME_DOTTED", "cameras.a.b.id"],
    ],
  );
});

test.run();
