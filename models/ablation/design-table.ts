/** The designs' results as Markdown: a table for each set, a row for each design's student alone and one for it beside the memory. */
import { type Design, designName, designText, lengthText, teacherText } from "./design.js";
import { DETECTORS, type DesignDetector, type DesignResult } from "./design-run.js";
import { figure, grouped, markdown, picturesText, seedsText } from "./markdown.js";
import type { Speeds } from "./speed.js";

const HEAD = [
  ...["design", "teacher", "learned for", "seeds", "detector", "image AUROC", "pixel AUROC", "AUPRO"],
  ...["defects found", "good rejected", "million parameters", "GFLOP", "ms"],
];

const NAMES = { student: "alone", both: "with memory" } as const;

/** The name of a design's detector among the speeds. */
export const speedName = (design: string, detector: (typeof DETECTORS)[number]): string => `${design}/${detector}`;

/** @param designs in the order of the rows @param speeds null while they are not measured */
export function designTables(
  results: readonly DesignResult[],
  designs: readonly Design[],
  speeds: Speeds | null,
): string {
  const sets = grouped(results, ({ run }) => `${run.set}, ${picturesText(run)}`);
  const tables = sets.map((of) => {
    const rows = designs.map((design) => of.filter((result) => designName(result.design) === designName(design)));
    const [{ run }] = of;
    return [
      `### ${run.set}, ${picturesText(run)}`,
      "",
      ...markdown(
        HEAD,
        rows.flatMap((row) => (row.length === 0 ? [] : DETECTORS.map((each) => cells(row, each, speeds)))),
      ),
      "",
    ];
  });
  return [...tables.flat(), ...(speeds === null ? [] : [speedText(speeds), ""])].join("\n");
}

/** @param row at least one */
function cells(
  row: readonly DesignResult[],
  which: (typeof DETECTORS)[number],
  speeds: Speeds | null,
): readonly string[] {
  const { design } = row[0]!;
  const detectors = row.map((result) => result[which]);
  const of = (value: (detector: DesignDetector) => number | null | undefined, digits: number) =>
    figure(detectors, (detector) => value(detector) ?? null, digits);
  const ms = speeds?.ms[speedName(designName(design), which)];
  // The memory holds fewer pictures where some look wrong, which seeds do not change.
  const { cost } = detectors[0]!;
  return [
    ...[designText(design), teacherText(design), lengthText(design), seedsText(row), NAMES[which]],
    of(({ figures }) => figures.imageAuroc, 4),
    of(({ figures }) => figures.pixelAuroc, 4),
    of(({ figures }) => figures.aupro, 4),
    of(({ figures }) => figures.recall, 3),
    of(({ figures }) => figures.rejected, 3),
    cost === null ? "-" : (cost.parameters / 1e6).toFixed(2),
    cost?.gflop == null ? "-" : cost.gflop.toFixed(2),
    ms === undefined ? "-" : ms.toFixed(1),
  ];
}

function speedText({ machine, load, rounds }: Speeds): string {
  return (
    `*ms*: a picture at one thread, median of ${rounds} rounds in which each bundle runs once in turn; ${machine}, load ${load.toFixed(1)} ` +
    "when they began. Each design's bundles are those of its first training."
  );
}
