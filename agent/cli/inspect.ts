import { dirname, join, relative, resolve, sep } from "node:path";
import type { Bundle } from "../../models/bundle/bundle.js";
import type { JudgedPicture } from "../../models/evaluate/inspect.js";
import type { Region } from "../types.js";
import type { AddCommand } from "./command.js";
import { type JsonFlag, withExample, withJsonFlag } from "./options.js";
import { progressBar } from "./progress.js";
import { Exit, exitStatus, printable, type Terminal } from "./terminal.js";

interface Flags extends JsonFlag {
  readonly model: string;
  readonly maps?: string;
  readonly imageHealth: boolean;
}

/** A picture's verdict, as --json gives it. */
interface Shown {
  readonly path: string;
  readonly score: number | null;
  readonly threshold: number;
  readonly verdict: JudgedPicture["verdict"];
  /** Why it is unknown: a stable code, a colon, a sentence; null where it is not. */
  readonly reason: string | null;
  /** In the picture's own pixels, the strongest first. */
  readonly regions: readonly Region[];
  /** The file of its heat map, null where none was drawn. */
  readonly map: string | null;
}

/** Of a heat map's JPEG. */
const QUALITY = 90;

/** `retort inspect`: verdicts on pictures, by their bundle and without an agent. */
export const inspectCommand: AddCommand = (program, terminal) => {
  const command = program
    .command("inspect")
    .description("judges pictures; the exit status is 0 if all are ok, 1 if one is ng, else 2 if one is unknown")
    .argument("<files...>", "pictures, and folders of them")
    .requiredOption("--model <bundle>", "the bundle's directory")
    .option("--maps <dir>", "writes each picture's heat map there")
    .option("--no-image-health", "judges black, overexposed, blurred and obstructed views, too");
  withExample(withJsonFlag(command), "retort inspect --model bundles/plate pictures/new --maps maps").action(
    async (files: readonly string[], { model, maps, imageHealth, json }: Flags) => {
      const [{ readBundle }, { judgePictures, picturesOf }] = await Promise.all([
        import("../../models/bundle/bundle.js"),
        import("../../models/evaluate/inspect.js"),
      ]);
      const bundle = await readBundle(model);
      if (bundle.manifest.calibration === null) terminal.err("warning: the bundle's threshold was never calibrated");
      const paths = await picturesOf(files);
      const names = mapNames(paths);
      if (maps !== undefined) await requireMaps(maps);
      const bar = json ? progressBar(terminal, "pictures") : null;
      const pictures: Shown[] = [];
      try {
        for await (const judged of judgePictures(bundle, paths, { imageHealth })) {
          const map = maps === undefined ? null : join(maps, names[pictures.length]!);
          const shown = await shownOf(judged, bundle, map);
          pictures.push(shown);
          if (json) bar?.update(pictures.length, paths.length);
          else terminal.out(lineOf(shown));
        }
      } finally {
        bar?.stop();
      }
      const { name, version, sha256 } = bundle.manifest;
      if (json) terminal.out(JSON.stringify({ model: { name, version, sha256 }, pictures }));
      else summarise(pictures, bundle, terminal);
      const status = statusOf(pictures);
      if (status !== exitStatus.done) throw new Exit(status);
    },
  );
};

/** What a script may build on: 0 says that every picture was judged and is good. */
function statusOf(pictures: readonly Shown[]): number {
  if (pictures.some(({ verdict }) => verdict === "ng")) return exitStatus.failed;
  return pictures.every(({ verdict }) => verdict === "ok") ? exitStatus.done : exitStatus.wrong;
}

/** A picture as it is shown; its heat map is drawn like an alert's picture. */
async function shownOf(judged: JudgedPicture, { manifest }: Bundle, map: string | null): Promise<Shown> {
  const { path, score, verdict, reason, seen } = judged;
  const { threshold } = manifest;
  if (seen === null) return { path, score, threshold, verdict, reason, regions: [], map: null };
  const { regionsOf } = await import("../scoring/regions.js");
  const view = { x: 0, y: 0, ...seen.pictureSize };
  const regions = regionsOf(seen.map, seen.size, threshold, view);
  if (map !== null) {
    const [{ render }, { writeReport }] = await Promise.all([
      import("../evidence/render.js"),
      import("../../models/writable.js"),
    ]);
    const { pixels, size } = seen;
    const { jpeg } = await render({ pixels, map: seen.map, size, view, threshold, regions }, QUALITY);
    await writeReport(map, jpeg);
  }
  return { path, score, threshold, verdict, reason, regions, map };
}

/** Tries the folder of the heat maps before anything is judged. @throws CodedError REPORT_UNWRITABLE */
async function requireMaps(folder: string): Promise<void> {
  const { requireReportFolder } = await import("../../models/writable.js");
  await requireReportFolder(folder);
}

/** A heat map's name for each picture: its path below the folder that all have in common, so that no two meet. */
function mapNames(paths: readonly string[]): readonly string[] {
  const whole = paths.map((path) => resolve(path));
  const common = whole.map((path) => dirname(path)).reduce(commonFolder);
  return whole.map((path) => `${relative(common, path)}.jpg`);
}

function commonFolder(a: string, b: string): string {
  const [one, other] = [a.split(sep), b.split(sep)];
  const differs = one.findIndex((name, index) => name !== other[index]);
  return differs < 0 ? a : one.slice(0, differs).join(sep) || sep;
}

function lineOf({ path, score, verdict, reason, regions }: Shown): string {
  const note = reason ?? (regions.length === 0 ? "" : `${regions.length} region${regions.length === 1 ? "" : "s"}`);
  const cells = [verdict.padEnd(7), (score?.toPrecision(4) ?? "-").padStart(9), printable(path)];
  return [...cells, ...(note === "" ? [] : [printable(note)])].join("  ");
}

function summarise(pictures: readonly Shown[], { manifest }: Bundle, terminal: Terminal): void {
  const count = (verdict: Shown["verdict"]) => pictures.filter((picture) => picture.verdict === verdict).length;
  const counts = `${count("ok")} ok, ${count("ng")} ng, ${count("unknown")} unknown`;
  terminal.err(`${counts}, at threshold ${manifest.threshold.toPrecision(4)}`);
}
