import * as assert from "uvu/assert";
import { inTurns, Serial } from "../../agent/kit/serial.js";
import { suite } from "../support/suite.js";

const test = suite("serial");

test("work is done in the order asked for, one at a time; what fails holds up none behind it", async () => {
  const inTurn = inTurns();
  const log: string[] = [];
  const piece = (name: string, fails = false) =>
    inTurn(async () => {
      log.push(`${name} begins`);
      await Promise.resolve();
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const all = await Promise.allSettled([piece("a"), piece("b", true), piece("c")]);
  assert.equal(log, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  assert.equal(
    all.map((outcome) => (outcome.status === "fulfilled" ? outcome.value : String(outcome.reason))),
    ["a", "Error: b", "c"],
  );
});

test("work that waits already is not queued twice, and its failure is reported in one place", async () => {
  const errors: unknown[] = [];
  const serial = new Serial((error) => errors.push(error));
  let runs = 0;
  const work = async (): Promise<void> => {
    runs += 1;
    throw new Error(`run ${runs}`);
  };
  serial.soon(work);
  serial.soon(work);
  await serial.run(async () => serial.soon(work));
  await serial.run(async () => undefined);
  assert.is(runs, 2);
  assert.equal(errors.map(String), ["Error: run 1", "Error: run 2"]);
});

test.run();
