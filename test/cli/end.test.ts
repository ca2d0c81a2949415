import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";

/** A process with a thread that blocks in the kernel: `process.exit()` would wait for it for ever. */
const script = `
  import { Worker } from "node:worker_threads";
  const [end, stuck] = await Promise.all(["cli/end.js", "inference/stuck.js"].map((file) => import(process.env.AGENT + file)));
  const block = 'import { openSync } from "node:fs"; import { parentPort } from "node:worker_threads"; parentPort.postMessage(0); openSync(process.env.FIFO)';
  const thread = new Worker(block, { eval: true });
  thread.once("message", () => {
    stuck.abandon(thread);
    end.endSurely(Number(process.env.STATUS));
  });
`;

function endOf(status: number): Promise<number | NodeJS.Signals | null> {
  const fifo = join(temporaryFolder(), "fifo");
  execFileSync("mkfifo", [fifo]);
  const AGENT = new URL("../../agent/", import.meta.url).href;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    env: { ...process.env, AGENT, FIFO: fifo, STATUS: String(status) },
    stdio: ["ignore", "inherit", "inherit"],
  });
  return new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? code)));
}

const test = suite("end of a process with a stuck thread");

test("ends at once, with the status that it was given", async () => {
  assert.equal(await Promise.all([endOf(0), endOf(1)]), [0, 1]);
});

test.run();
