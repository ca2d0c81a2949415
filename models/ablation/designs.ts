import { stat } from "node:fs/promises";
import { join } from "node:path";
import { makeFolders, replaceFile } from "../../replace-file.js";
import { DEMO_SET, type DemoSetCounts, demoSet } from "./demo-set.js";
import { type Design, designName, designsIn, floorsOf, type Length } from "./design.js";
import { designChart } from "./design-chart.js";
import { DETECTORS, type DesignResult, designJudgedAnew, designRunName, runDesign } from "./design-run.js";
import { designTables, speedName } from "./design-table.js";
import { designPlan, type PlanOptions, SIZE } from "./plan.js";
import { kept } from "./resume.js";
import { measureSpeeds, type Speeds } from "./speed.js";

export interface DesignsOptions extends Omit<PlanOptions, "planted"> {
  /** The folder for results, tables, the plot, and one bundle of each design's detectors. */
  readonly out: string;
  /** The folder of data sets; null: none but the demo line's. */
  readonly data: string | null;
  /** See `designsIn`. */
  readonly designs: string;
  /** Of designs that name none. */
  readonly length: Length;
  /** In which speeds are measured; 0: they are not. */
  readonly rounds: number;
  readonly threads: number;
  /** Of the demo line's set. */
  readonly counts: DemoSetCounts;
  readonly say: (text: string) => void;
}

/**
 * Trains designs and what they must be better than (floors: those with the first seed alone) on data sets, and writes `designs.md` and `designs.svg`,
 * after each training anew. Speeds are measured last, on all bundles in turn, and again by each call: one on a quiet machine corrects them.
 * @returns the tables
 * @throws CodedError those of `designsIn` and `runDesign`
 */
export async function compareDesigns(options: DesignsOptions): Promise<string> {
  const { out, say, rounds, threads, length } = options;
  const wanted = await designsIn(options.designs, { length, size: options.sizes[0] ?? SIZE });
  const floors = floorsOf(wanted, length);
  await makeFolders(out);
  const folderOf = await folders(options);
  const plan = designPlan(options).flatMap((run) => {
    const designs = run.seed === options.seeds[0] ? [...wanted, ...floors] : wanted;
    return designs.map((design) => ({ design, run }));
  });
  const bundles = join(out, "bundles");
  const done: DesignResult[] = [];
  const hasBundle = new Set<string>();
  for (const [index, each] of plan.entries()) {
    const name = designRunName(each);
    const isFirst = !hasBundle.has(designName(each.design));
    const result = await kept(join(out, `${name}.json`), () => {
      say(`${index + 1} of ${plan.length}, ${name}`);
      return runDesign(each, { folderOf, bundles: isFirst ? bundles : null, threads });
    });
    hasBundle.add(designName(each.design));
    done.push(designJudgedAnew(result));
    await write(null);
  }
  return write(rounds === 0 ? null : await speedsOf(bundles, [...wanted, ...floors], rounds));

  async function write(speeds: Speeds | null): Promise<string> {
    const text = designTables(done, [...wanted, ...floors], speeds);
    await replaceFile(join(out, "designs.md"), text);
    await replaceFile(join(out, "designs.svg"), designChart(done, wanted));
    return text;
  }
}

function speedsOf(bundles: string, designs: readonly Design[], rounds: number): Promise<Speeds> {
  const named = designs
    .map(designName)
    .flatMap((design) =>
      DETECTORS.map((each): [string, string] => [speedName(design, each), join(bundles, design, each)]),
    );
  return measureSpeeds(new Map(named), rounds);
}

/** The folders of data sets by their names; the demo line's is made where `data` holds none of that name. */
async function folders({ data, sets, out, counts }: DesignsOptions): Promise<(set: string) => string> {
  const found = new Map(sets.map((set) => [set, join(data ?? out, set)]));
  const demo = found.get(DEMO_SET);
  if (demo !== undefined && (data === null || (await stat(demo).catch(() => null)) === null)) {
    const made = join(out, `${DEMO_SET}-${counts.train}`);
    found.set(DEMO_SET, await demoSet(made, { width: SIZE, height: SIZE }, counts));
  }
  return (set) => found.get(set)!;
}
