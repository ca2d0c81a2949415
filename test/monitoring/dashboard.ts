/** The dashboard that ships for Grafana, as it is written. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../config/package-root.js";

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: Place;
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly datasource: { readonly uid: string };
  }[];
}

interface Variable {
  readonly name: string;
  readonly type: string;
  /** Of a `query` variable: `label_values(series, label)`. */
  readonly definition?: string;
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

export const dashboard = JSON.parse(
  readFileSync(join(packageRoot(), "deploy/grafana/retort.json"), "utf8"),
) as Dashboard;

/** What Grafana asks Prometheus for, where all agents and cameras are chosen. */
export const asAsked = (expr: string): string =>
  expr.replaceAll("$__rate_interval", "1m").replaceAll(/\$(instance|camera)\b/g, ".*");

/** Each query by its panel's title. */
export const dashboardQueries: readonly { readonly title: string; readonly expr: string }[] = dashboard.panels.flatMap(
  ({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr: asAsked(expr) })),
);
