import * as assert from "uvu/assert";
import type { Picture } from "../../agent/evidence/subject.js";
import { alertIntake } from "../../agent/line/alert-intake.js";
import type { AlertDetails } from "../../agent/outbox/outbox.js";
import type { AlertStep } from "../../agent/types.js";
import { suite } from "../support/suite.js";

const test = suite("alert intake");
const model = { name: "tiny", version: "1", sha256: "0".repeat(64), provider: "cpu" };

function step(id: string, phase: AlertStep["phase"], camera: string): AlertStep {
  const rest = { durationMs: 0, frames: 1, raises: 1, regions: [], context: null, calibration: null };
  return { id, phase, camera, score: 1, threshold: 0.5, peak: 1, tsMs: 0, model, ...rest };
}

test("an alert that waits for its picture holds back its camera's later ones, and no other camera's", async () => {
  const told: string[] = [];
  let made: (picture: Picture | null) => void = () => undefined;
  const picture = new Promise<Picture | null>((resolve) => {
    made = resolve;
  });
  const pictureOf = ({ phase, camera }: AlertStep) => (phase === "raised" && camera === "cam1" ? picture : null);
  let written: () => void = () => undefined;
  const add = ({ id, phase }: AlertStep, { evidence }: AlertDetails): Promise<void> => {
    told.push(`${id} ${phase} ${evidence?.sha256 ?? "none"}`);
    return new Promise((resolve) => {
      written = resolve;
    });
  };
  const announced: string[] = [];
  const announce = ({ id, phase }: AlertStep) => ({ key: String(announced.push(`${id} ${phase}`)) });
  const intake = alertIntake({ pictureOf }, { add, announce });
  intake.accept(step("a", "raised", "cam1"));
  intake.accept(step("a", "cleared", "cam1"));
  intake.accept(step("b", "raised", "cam2"));
  assert.equal(told, ["b raised none"]);
  assert.equal(announced, ["a raised", "a cleared"], "a kill before the picture is made is not to lose them");
  let settled = false;
  const settling = intake.settled().then(() => {
    settled = true;
  });
  made({ jpeg: Uint8Array.of(1), sha256: "ab" });
  await new Promise(setImmediate);
  assert.equal(told, ["b raised none", "a raised ab", "a cleared none"]);
  assert.not(settled, "the outbox has not written it yet");
  written();
  await settling;
  intake.accept(step("c", "cleared", "cam1"));
  assert.is(told.at(-1), "c cleared none", "at once, for nothing waits");
});

test.run();
