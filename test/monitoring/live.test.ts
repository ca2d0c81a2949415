import * as assert from "uvu/assert";
import { type Mosquitto, startMosquitto } from "../support/mosquitto.js";
import { type RetortProcess, startRetort } from "../support/retort-process.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";
import { asAsked, dashboard, dashboardQueries } from "./dashboard.js";
import { missingIn, toldIn } from "./names.js";
import { type Prometheus, startPrometheus } from "./prometheus.js";
import { alertRules, havePrometheus, havePromtool, promtool, recordingRules } from "./rules.js";

/** Rules and dashboard on a real agent's metrics, in a real Prometheus. */
const test = suite("Prometheus and an agent");
if (!havePrometheus) console.log("skipped: prometheus (Debian's package of that name) is not here");
const testLive = havePrometheus ? test : test.skip;

/** Nothing is given up, no alert of Prometheus fires, and this machine may have no sensors. */
const MAY_BE_EMPTY = ["Alerts of Prometheus", "Given up", "Temperature"];

let broker: Mosquitto | undefined;
let agent: RetortProcess | undefined;
let prometheus: Prometheus | undefined;
test.before(async () => {
  broker = await startMosquitto();
  agent = await startRetort({ broker: broker.url, fps: 20 });
  if (havePrometheus) prometheus = await startPrometheus(new URL(agent.url).host);
});
test.after(async () => {
  await prometheus?.stop();
  await agent?.stop();
  await broker?.stop();
});

const metrics = async () => (await fetch(new URL("/metrics", agent!.url))).text();

(havePromtool ? test : test.skip)("promtool has nothing against what a running agent tells", async () => {
  const { status, said } = promtool(["check", "metrics"], { input: await metrics() });
  assert.equal([status, said], [0, ""]);
});

test("every metric, label and value that a rule or a panel names is one that an agent tells", async () => {
  await until(async () => /^retort_model_info\{/m.test(await metrics()), "the model is loaded", 20_000);
  const told = toldIn(await metrics());
  const recorded = new Set(recordingRules.map(({ record }) => record));
  for (const { record, expr } of recordingRules) assert.equal(missingIn(expr, told, recorded), [], record);
  for (const { alert, expr } of alertRules) assert.equal(missingIn(expr, told, recorded), [], alert);
  for (const { title, expr } of dashboardQueries) assert.equal(missingIn(expr, told, recorded), [], title);
  // It would see one that is not there.
  for (const wrong of ["retort_frames_total", 'retort_camera_state{state="sad"}', "sum by (line) (retort_score_sum)"]) {
    assert.is(missingIn(wrong, told, recorded).length, 1, wrong);
  }
});

testLive("every query of the dashboard and every recording rule has an answer, and none is refused", async () => {
  const wanted = [
    ...recordingRules.map(({ record }) => ({ title: record, expr: record })),
    ...dashboardQueries.filter(({ title }) => !MAY_BE_EMPTY.includes(title)),
  ];
  let unanswered = wanted;
  const all = async () => {
    const answers = await Promise.all(
      unanswered.map(async (each) => ({ each, samples: await prometheus!.query(each.expr) })),
    );
    unanswered = answers.filter(({ samples }) => samples.length === 0).map(({ each }) => each);
    return unanswered.length === 0;
  };
  await until(all, "an answer to each", 30_000).catch(() => undefined);
  assert.equal(unanswered, []);
  for (const { expr } of dashboardQueries) await prometheus!.query(expr);
  for (const { definition } of dashboard.templating.list) {
    const [, series = "", label = ""] = /^label_values\((.*), (\w+)\)$/.exec(definition ?? "") ?? [];
    if (definition === undefined) continue;
    const match = encodeURIComponent(asAsked(series));
    assert.ok((await prometheus!.get<string[]>(`label/${label}/values?match[]=${match}`)).length > 0, definition);
  }
});

testLive(
  "Prometheus evaluates every alert without a fault, and an agent that is well raises none that is critical",
  async () => {
    interface Rule {
      readonly name: string;
      readonly health: string;
      readonly state?: string;
      readonly labels?: { readonly severity?: string };
    }
    const { groups } = await prometheus!.get<{ groups: readonly { rules: readonly Rule[] }[] }>("rules");
    const rules = groups.flatMap((group) => group.rules);
    assert.is(rules.length, alertRules.length + recordingRules.length);
    assert.equal(
      rules.filter(({ health }) => health !== "ok"),
      [],
    );
    assert.equal(
      rules.filter(({ labels, state }) => labels?.severity === "critical" && state === "firing"),
      [],
    );
  },
);

test("the dashboard's panels have their own place and number, and take the source that is chosen", () => {
  const { panels } = dashboard;
  assert.is(new Set(panels.map(({ id }) => id)).size, panels.length);
  for (const { title, gridPos: a, targets = [], datasource } of panels) {
    assert.ok(a.x >= 0 && a.x + a.w <= 24, title);
    const over = panels.filter(
      ({ title: other, gridPos: b }) =>
        other !== title && a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h,
    );
    assert.equal(over, [], title);
    assert.is(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
    for (const source of [...(datasource === undefined ? [] : [datasource]), ...targets.map((each) => each.datasource)])
      assert.match(source.uid, /^\$\{datasource\}$/, title);
  }
});

test.run();
