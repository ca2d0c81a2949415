/**
 * Prometheus' text format 0.0.4: series, labels as written, to value. Throws at a line that the format does not know, a sample
 * without its TYPE before it, and a series that comes twice.
 */
export function parseMetrics(text: string): ReadonlyMap<string, number> {
  const read = new Map<string, number>();
  const types = new Map<string, string>();
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  for (const line of text.split("\n")) {
    if (line === "" || /^# HELP [a-z_]+ \S/.test(line)) continue;
    const [, typed, type] = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/.exec(line) ?? [];
    if (typed !== undefined && type !== undefined) {
      types.set(typed, type);
      continue;
    }
    const [, series, name, value] =
      /^(([a-z_]+)(?:\{[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\[\\"n])*")*\})?) (\S+)$/.exec(line) ??
      [];
    if (series === undefined || name === undefined || (value?.toLowerCase() !== "nan" && Number.isNaN(Number(value))))
      throw new Error(`no metric: ${line}`);
    if (!types.has(name) && types.get(name.replace(/_(bucket|sum|count)$/, "")) !== "histogram") {
      throw new Error(`no TYPE before ${line}`);
    }
    if (read.has(series)) throw new Error(`twice: ${series}`);
    read.set(series, Number(value));
  }
  return read;
}
