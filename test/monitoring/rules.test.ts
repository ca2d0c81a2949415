import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { stringify } from "yaml";
import { packageRoot } from "../../config/package-root.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";
import { ALERT_CASES, type AlertCase } from "./alert-cases.js";
import { type AlertRule, alertRules, havePromtool, promtool, RULE_FILES, RULES_FOLDER } from "./rules.js";

/** The rules for Prometheus, by its own tool. */
const suiteOfRules = suite("Prometheus rules");
if (!havePromtool) console.log("skipped: promtool (Debian's package prometheus) is not here");
const test = havePromtool ? suiteOfRules : suiteOfRules.skip;

const HERE = { job: "retort", instance: "line-7:8080" };

test("promtool has nothing against the rules, nor against the example of a scrape configuration", () => {
  const rules = promtool(["check", "rules", ...RULE_FILES], { cwd: RULES_FOLDER });
  assert.is(rules.status, 0, rules.said);
  // It looks for the token's file, too; only newer ones can be told not to.
  const folder = temporaryFolder();
  cpSync(RULES_FOLDER, folder, { recursive: true });
  writeFileSync(join(folder, "token"), "secret");
  const file = join(folder, "prometheus.yml");
  const text = readFileSync(file, "utf8");
  assert.match(text, "/etc/prometheus/retort-token");
  writeFileSync(file, text.replace("/etc/prometheus/retort-token", "token"));
  const config = promtool(["check", "config", file]);
  assert.is(config.status, 0, config.said);
});

suiteOfRules(
  "each alert has a severity, a time, a summary that names what, a remedy, and a case that raises it",
  () => {
    assert.equal(Object.keys(ALERT_CASES).sort(), alertRules.map(({ alert }) => alert).sort());
    for (const { alert, labels, annotations, for: time } of alertRules) {
      assert.ok(["critical", "warning", "info"].includes(labels.severity), alert);
      assert.match(time, /^\d+[smh]$/, alert);
      assert.match(annotations.summary, "{{ $labels.", alert);
      const [page = "", anchor] = annotations.runbook.split("#");
      const headings = readFileSync(join(packageRoot(), page), "utf8").match(/^#+ .*$/gm) ?? [];
      assert.ok(
        headings.some((heading) => heading.replace(/^#+ /, "").toLowerCase() === anchor),
        annotations.runbook,
      );
      for (const text of [annotations.description, annotations.remedy]) assert.match(text, /^[A-Z`].*\.$/, alert);
    }
  },
);

test("each alert is raised by what it is for, after its time, and by nothing else; it ends with its cause", () => {
  const { status, said } = run(alertRules.map((rule) => unitTest(rule, ALERT_CASES[rule.alert]!)));
  assert.is(status, 0, said);
});

test("an alert's summary names the camera, the agent and the figure", () => {
  const alertname = "RetortShareInspectedLow";
  const rule = alertRules.find(({ alert }) => alert === alertname)!;
  const summary = "cam1 of line-7:8080 inspects 66.67% of its frames";
  const exp_labels = { ...HERE, camera: "cam1", severity: "warning" };
  const exp_annotations = { ...rule.annotations, summary };
  const alert_rule_test = [{ alertname, eval_time: "60m", exp_alerts: [{ exp_labels, exp_annotations }] }];
  const { status, said } = run([{ ...unitTest(rule, ALERT_CASES[alertname]!), promql_expr_test: [], alert_rule_test }]);
  assert.is(status, 0, said);
});

function run(tests: readonly object[]) {
  const file = join(temporaryFolder(), "cases.yml");
  const rule_files = RULE_FILES.map((each) => join(RULES_FOLDER, each));
  writeFileSync(file, stringify({ rule_files, evaluation_interval: "1m", tests }));
  return promtool(["test", "rules", file]);
}

/** One of promtool's unit tests; what fires is a series of Prometheus' own, ALERTS. */
function unitTest({ alert, labels: { severity } }: AlertRule, { series, fires, quietAt, firesAt }: AlertCase) {
  const expr = `ALERTS{alertname="${alert}",alertstate="firing"}`;
  const firing = { ...HERE, alertname: alert, alertstate: "firing", severity };
  const samples = fires.map((labels) => ({ labels: seriesOf("ALERTS", { ...firing, ...labels }), value: 1 }));
  return {
    interval: "1m",
    input_series: Object.entries(series).map(([name, values]) => ({ series: here(name), values })),
    promql_expr_test: [
      ...quietAt.map((minute) => ({ expr, eval_time: `${minute}m`, exp_samples: [] })),
      { expr, eval_time: `${firesAt}m`, exp_samples: samples },
    ],
  };
}

function seriesOf(name: string, labels: Readonly<Record<string, string>>): string {
  const written = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return `${name}{${written.join(",")}}`;
}

/** As Prometheus has it after the scrape. */
function here(series: string): string {
  const [name = "", labels = ""] = series.split(/[{}]/);
  const own = Object.entries(HERE).map(([label, value]) => `${label}="${value}"`);
  return `${name}{${[...(labels === "" ? [] : [labels]), ...own].join(",")}}`;
}

suiteOfRules.run();
