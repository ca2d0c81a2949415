import * as assert from "uvu/assert";
import { verdictPayload } from "../../agent/contract/part-payloads.js";
import type { HeldPart } from "../../agent/evidence/evidence.js";
import type { Picture } from "../../agent/evidence/subject.js";
import { partIntake } from "../../agent/line/part-intake.js";
import type { KeptVerdict } from "../../agent/outbox/outbox.js";
import type { Part } from "../../agent/parts/part.js";
import { partVerdict } from "../support/outbox.js";
import { suite } from "../support/suite.js";

const test = suite("part intake");
const part: Part = { verdict: partVerdict({ verdict: "ng" }), worst: null, asked: null, isPictured: true };
const made: Picture = { jpeg: Uint8Array.of(1), sha256: "ab" };

function intake(picture: HeldPart["picture"], isKept = true) {
  const told: string[] = [];
  const evidence = {
    holdPart: (): HeldPart => {
      told.push("held");
      return { picture, keep: (seq) => told.push(`keep ${seq}`), drop: () => told.push("drop") };
    },
  };
  const outbox = {
    addVerdict: async (verdict: Part["verdict"], isPictured = false): Promise<KeptVerdict | null> => {
      told.push(`verdict ${isPictured ? "with" : "without"}`);
      return isKept ? { payload: verdictPayload(verdict, 7), place: 12 } : null;
    },
    addPicture: async ({ place }: KeptVerdict): Promise<void> => {
      told.push(`picture ${place}`);
    },
  };
  return { told, ...partIntake(evidence, outbox) };
}

test("a verdict waits for no picture; the picture follows it, and is waited for at the stop", async () => {
  let draw: (picture: Picture | null) => void = () => undefined;
  const { told, accept, settled } = intake(
    new Promise((resolve) => {
      draw = resolve;
    }),
  );
  const accepted = accept(part);
  assert.equal(told, ["held", "verdict with"], "in the turn in which the part is judged");
  assert.is((await accepted)?.seq, 7);
  assert.equal(told.slice(2), ["keep 7"]);
  const settling = settled();
  draw(made);
  await settling;
  assert.equal(told.slice(3), ["picture 12"]);
});

test("where no picture is due, or none could be drawn, there is none", async () => {
  for (const picture of [null, Promise.resolve(null)]) {
    const { told, accept, settled } = intake(picture);
    await accept(part);
    await settled();
    assert.equal(told, ["held", picture === null ? "verdict without" : "verdict with", "keep 7"]);
  }
});

test("nothing is kept of a part whose verdict was given up", async () => {
  const { told, accept, settled } = intake(Promise.resolve(made), false);
  assert.is(await accept(part), null);
  await settled();
  assert.equal(told, ["held", "verdict with", "drop"]);
});

test.run();
