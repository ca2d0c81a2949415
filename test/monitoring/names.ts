/** The metrics and labels that an expression of PromQL names, as far as the agent has to have them. */

/** What an agent tells: the labels of each series, by its name; families without a series too. */
export interface Told {
  readonly families: ReadonlySet<string>;
  readonly series: ReadonlyMap<string, readonly Readonly<Record<string, string>>[]>;
}

export function toldIn(text: string): Told {
  const families = new Set<string>();
  const series = new Map<string, Record<string, string>[]>();
  for (const [, name = "", type] of text.matchAll(/^# TYPE (\w+) (\w+)$/gm)) {
    const endings = type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
    for (const ending of endings) families.add(name + ending);
  }
  for (const [, name = "", labels = ""] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    series.set(name, [...(series.get(name) ?? []), labelsIn(labels)]);
  }
  return { families, series };
}

function labelsIn(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, value]) => [label, value]));
}

/** What Prometheus adds at the scrape, and by itself. */
const OF_PROMETHEUS = ["job", "instance"];
const SERIES_OF_PROMETHEUS = ["up", "ALERTS"];

/** What an expression names that is not there, in words; empty where it can have an answer. */
export function missingIn(expr: string, told: Told, recorded: ReadonlySet<string>): string[] {
  const missing: string[] = [];
  const labelsOfAll = new Set(OF_PROMETHEUS);
  // A name before a bracket is a function, one before `=` a label; strings hold neither.
  const bare = expr.replaceAll(/"[^"]*"/g, '""');
  for (const [, name = "", matchers = ""] of expr.matchAll(/(?<![\w:"$])([a-zA-Z_][\w:]*)(?:\{([^}]*)\})?/g)) {
    const isMetric = name.includes(":") || /^(retort|process|nodejs)_/.test(name);
    if (!isMetric || SERIES_OF_PROMETHEUS.includes(name)) continue;
    if (name.includes(":")) {
      if (!recorded.has(name)) missing.push(`no rule records ${name}`);
      continue;
    }
    if (!told.families.has(name)) missing.push(`no metric ${name}`);
    const series = told.series.get(name) ?? [];
    for (const label of series.flatMap((each) => Object.keys(each))) labelsOfAll.add(label);
    const wanted = [...matchers.matchAll(/(\w+)(=~|=)"([^"]*)"/g)].filter(
      ([, label = ""]) => !OF_PROMETHEUS.includes(label),
    );
    const fits = (labels: Readonly<Record<string, string>>) =>
      wanted.every(([, label = "", how, value = ""]) => {
        const has = labels[label];
        return has !== undefined && (how === "=" ? has === value : new RegExp(`^(?:${value})$`).test(has));
      });
    if (series.length > 0 && !series.some(fits)) missing.push(`no series ${name}{${matchers}}`);
  }
  for (const [, list = ""] of bare.matchAll(/\b(?:by|on|without|ignoring)\s*\(([^)]*)\)/g)) {
    for (const label of list.split(",").map((each) => each.trim())) {
      if (!labelsOfAll.has(label)) missing.push(`no label ${label}`);
    }
  }
  return missing;
}
