/** What a shell completes, asked of the shells themselves, and the examples of the help. */
import { execFile, spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import * as assert from "uvu/assert";
import { commandShape } from "../../agent/cli/command-tree.js";
import { bashScript, fishScript, zshScript } from "../../agent/cli/completion-scripts.js";
import { programOn } from "../../agent/cli/program.js";
import type { Terminal } from "../../agent/cli/terminal.js";
import { temporaryFolder } from "../support/config.js";
import { retort } from "../support/retort.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("completion and help");
const heard: string[] = [];
const terminal: Terminal = {
  ...{ out: (line: string) => heard.push(line), err: (line: string) => heard.push(line), stderr: process.stderr },
  ...{ interactive: false, coloured: false },
};
const shape = commandShape(programOn(terminal));

const folder = temporaryFolder();
mkdirSync(join(folder, "bundles"));
writeFileSync(join(folder, "line one.yaml"), "");
const scripts = { bash: join(folder, "retort.bash"), zsh: join(folder, "_retort"), fish: join(folder, "retort.fish") };
writeFileSync(scripts.bash, bashScript("retort", shape));
writeFileSync(scripts.zsh, zshScript("retort", shape));
writeFileSync(scripts.fish, fishScript("retort", shape));

/** Whether a test can ask this shell; where it is absent that is said. */
function has(shell: string): boolean {
  const there = spawnSync(shell, ["--version"]).status === 0;
  if (!there) console.log(`skipped: ${shell} is not on this machine`);
  return there;
}

function output(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd: folder }, (error, stdout, stderr) => {
      if (error === null && stderr === "") resolve(stdout);
      else reject(new Error(stderr, { cause: error }));
    });
  });
}

/** What bash offers for the last of the words. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const lines = [
    `source "${scripts.bash}"`,
    `COMP_WORDS=(retort ${words.map((word) => `'${word}'`).join(" ")})`,
    `COMP_CWORD=${words.length}; _retort; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ];
  return (await output("bash", ["--norc", "--noprofile", "-c", lines.join("\n")])).trim().split("\n");
}

test("bash completes commands, their options and words, subcommands, files and folders, names with spaces among them", async () => {
  assert.equal(await offered("tr"), ["train"]);
  assert.ok((await offered("")).includes("watch"));
  assert.equal(await offered("config", ""), ["schema"]);
  assert.equal(await offered("train", "--susp"), ["--suspicious"]);
  assert.equal(await offered("train", "--suspicious", ""), ["keep", "exclude"]);
  assert.equal(await offered("completion", "z"), ["zsh"]);
  assert.equal(await offered("run", "--config", "li"), ["line one.yaml"]);
  assert.equal(await offered("model", ""), ["bundles"]);
  assert.equal(await offered("train", "--epochs", ""), [""], "a number is nobody's to guess");
});

/** Types into a shell on a terminal of its own until it shows what is wanted. */
async function typed(shell: string, setUp: string, keys: string, wanted: RegExp): Promise<void> {
  const child = spawn("script", ["-qec", shell, "/dev/null"], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", HOME: folder, TERM: "vt100" },
    stdio: ["pipe", "pipe", "ignore"],
  });
  const closed = new Promise((resolve) => child.once("close", resolve));
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (shown += text));
  try {
    // Its echo has the two words apart.
    child.stdin.write(`${setUp}; echo RE''ADY\n`);
    await until(() => /READY\s/.test(shown), `${shell} is set up`, 10_000);
    shown = "";
    child.stdin.write(keys);
    await until(() => wanted.test(shown), `${keys} completes: ${shown}`, 10_000);
  } finally {
    child.kill("SIGKILL");
    await closed;
  }
}

test("in a real bash the tab key completes a command, and a file's name with its space escaped", async () => {
  if (!has("bash") || !has("script")) return;
  const [shell, setUp] = ["bash --norc --noprofile -i", `source ${scripts.bash}`];
  await typed(shell, setUp, "retort doc\t", /retort doctor /);
  await typed(shell, setUp, "retort run --config li\t", /--config line\\ one\.yaml/);
});

test("in a real zsh the tab key completes a command and an option", async () => {
  if (!has("zsh") || !has("script")) return;
  const setUp = `autoload -U compinit; compinit -u -D; source ${scripts.zsh}`;
  await typed("zsh -f -i", setUp, "retort doc\t", /retort doctor/);
  await typed("zsh -f -i", setUp, "retort train --susp\t", /--suspicious/);
});

test("fish completes commands, options of the command that is typed, and their words", async () => {
  if (!has("fish")) return;
  const asked = async (line: string) => {
    const script = `source ${scripts.fish}; complete -C "${line}"`;
    const lines = (await output("fish", ["--no-config", "-c", script])).trim().split("\n");
    return lines.map((each) => each.split("\t")[0]);
  };
  assert.equal(await asked("retort doc"), ["doctor"]);
  assert.equal(await asked("retort config "), ["schema"]);
  assert.equal(await asked("retort train --susp"), ["--suspicious"]);
  assert.equal((await asked("retort train --suspicious ")).sort(), ["exclude", "keep"]);
  assert.not.ok((await asked("retort doctor --")).includes("--suspicious"));
});

test("retort completion prints the script that these shells take; another shell is wrong usage", async () => {
  const [bash, json, other] = await Promise.all([
    retort(["completion", "bash"]),
    retort(["completion", "fish", "--json"]),
    retort(["completion", "csh"]),
  ]);
  assert.is(bash.stdout.trim(), bashScript("retort", shape).trim());
  assert.equal(JSON.parse(json.stdout), { shell: "fish", script: fishScript("retort", shape) });
  assert.equal([other.status, other.stdout], [2, ""]);
});

const leaves = (command: Command): readonly Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);

test("the help of each command ends with an example that the command takes, and each command has --json", async () => {
  const names = leaves(programOn(terminal)).map((command) => command.name());
  for (const [index, name] of names.entries()) {
    const program = programOn(terminal);
    const command = leaves(program)[index]!;
    heard.length = 0;
    command.outputHelp();
    const example = /\nExample:\n {2}(.*)$/.exec(heard.join("\n"))?.[1] ?? "";
    const line = /^(?:source <\()?retort ([^>)]*)/.exec(example)?.[1]?.trim() ?? "";
    let ran = "";
    command.action(() => {
      ran = name;
    });
    await program.parseAsync([...line.split(" "), "--json"], { from: "user" });
    assert.is(ran, name, `${name}: ${example}`);
  }
});

test.run();
