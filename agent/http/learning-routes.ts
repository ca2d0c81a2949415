/** The route of what models learned from, and can learn from: for people who train them again. */
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { FastifyInstance } from "fastify";
import { CodedError } from "../../errors.js";
import { readOddPictures } from "../../models/bundle/odd-pictures.js";
import type { FeedbackKept, LearningAnswer, ModelLearning } from "../contract/learning.js";
import { shellWord } from "../kit/shell-word.js";
import type { AgentView } from "./view.js";

type LearningView = Pick<AgentView, "config" | "models" | "evidence">;

export function addLearningRoute(app: FastifyInstance, view: LearningView): void {
  app.get("/api/learning", async (): Promise<LearningAnswer> => {
    const feedback = await view.evidence.feedback();
    const models: Record<string, ModelLearning> = {};
    for (const name of view.models.keys()) models[name] = await learningOf(name, view, feedback);
    return { v: 1, feedback, models };
  });
}

async function learningOf(name: string, view: LearningView, feedback: FeedbackKept | null): Promise<ModelLearning> {
  const { config, models } = view;
  const { engine, arch } = models.get(name)!;
  const { path } = config.models[name]!;
  const cameras = config.cameras.filter(({ model }) => model === name).map(({ id }) => id);
  const commands =
    arch === undefined || arch === null
      ? null
      : await trainAgain({ arch, input: engine.input, bundle: resolve(path), cameras, feedback });
  try {
    const odd = await readOddPictures(path, engine.model.sha256);
    return { odd: odd === null ? null : { images: odd.images, pictures: odd.pictures }, trouble: null, commands };
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return { odd: null, trouble: `${error.code}: ${error.message}`, commands };
  }
}

interface Again {
  readonly arch: string;
  readonly input: { readonly width: number; readonly height: number };
  readonly bundle: string;
  readonly cameras: readonly string[];
  readonly feedback: FeedbackKept | null;
}

/** What only people know stands in capitals: where the good pictures are that it learned from, and its teacher's weights. */
async function trainAgain({ arch, input, bundle, cameras, feedback }: Again): Promise<readonly string[]> {
  const { width, height } = input;
  const size = width === height ? String(width) : `${width}x${height}`;
  const beside = join(bundle, "teacher.safetensors");
  const isBeside = await stat(beside).then(
    (info) => info.isFile(),
    () => false,
  );
  const out = `${bundle}-again`;
  const of = (feedback?.cameras ?? []).filter(({ camera }) => cameras.includes(camera));
  const good = of.filter(({ counts }) => counts.not_a_defect > 0);
  return [
    ...good.map(
      ({ folder }) => `cp -r ${shellWord(join(feedback?.folder ?? "", "not_a_defect", folder))} GOOD_PICTURES/`,
    ),
    `retort train --normal GOOD_PICTURES --arch ${shellWord(arch)} --teacher ${isBeside ? shellWord(beside) : "TEACHER"} --size ${size} --out ${shellWord(out)}`,
  ];
}
