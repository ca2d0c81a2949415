import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import * as assert from "uvu/assert";
import { errnoOf } from "../errors.js";
import { makeFolder, makeFolders, type ReplaceFileSystem, replaceFile, replaceFiles } from "../replace-file.js";
import { temporaryFolder } from "./support/config.js";
import { suite } from "./support/suite.js";

/** The real file system, which notes what it is asked for; `fail` answers a step with an error instead. */
function recorded(fail: (step: string) => Error | undefined = () => undefined) {
  const steps: string[] = [];
  const note = (step: string) => {
    steps.push(step);
    const error = fail(step);
    if (error !== undefined) throw error;
  };
  const files: ReplaceFileSystem = {
    open: async (path, flags, mode) => {
      const file = await open(path, flags, mode);
      const name = basename(String(path));
      const sync = file.sync.bind(file);
      file.sync = async () => {
        note(`sync ${name}`);
        await sync();
      };
      return file;
    },
    rename: async (from, to) => {
      note(`rename ${basename(String(to))}`);
      await rename(from, to);
    },
    rm,
  };
  return { steps, files };
}

const failure = (code: string) => Object.assign(new Error(code), { code });

async function errnoFrom(work: Promise<unknown>): Promise<string> {
  return work.then(() => "fulfilled", errnoOf);
}

const test = suite("replacing files");

test("a file is on disk before it takes the old one's place, and the folder after", async () => {
  const dir = join(temporaryFolder(), "folder");
  await mkdir(dir);
  const { steps, files } = recorded();
  await replaceFiles([{ path: join(dir, "a"), bytes: "one" }], files);
  assert.equal(steps, ["sync a.draft", "rename a", "sync folder"]);
  assert.is(await readFile(join(dir, "a"), "utf8"), "one");
});

test("files that belong together are all on disk before the first takes its place", async () => {
  const dir = join(temporaryFolder(), "folder");
  await mkdir(dir);
  const { steps, files } = recorded();
  await replaceFiles(
    [
      { path: join(dir, "a"), bytes: Uint8Array.of(1, 2) },
      { path: join(dir, "b"), bytes: "two" },
    ],
    files,
  );
  assert.equal(steps, ["sync a.draft", "sync b.draft", "rename a", "rename b", "sync folder"]);
});

test("a full disk leaves every old file as it was, and no draft", async () => {
  const dir = temporaryFolder();
  const both = ["a", "b"].map((name) => ({ path: join(dir, name), bytes: "new" }));
  for (const { path } of both) await writeFile(path, "old");
  const { files } = recorded((step) => (step === "sync b.draft" ? failure("ENOSPC") : undefined));
  assert.is(await errnoFrom(replaceFiles(both, files)), "ENOSPC");
  assert.equal((await readdir(dir)).sort(), ["a", "b"]);
  for (const { path } of both) assert.is(await readFile(path, "utf8"), "old");
});

test("a place that cannot be taken is said, and no draft stays", async () => {
  const dir = temporaryFolder();
  await mkdir(join(dir, "a"));
  assert.is(await errnoFrom(replaceFile(join(dir, "a"), "x")), "EISDIR");
  assert.equal(await readdir(dir), ["a"]);
  assert.is(await errnoFrom(replaceFile(join(dir, "nowhere", "a"), "x")), "ENOENT");
});

test("a draft that a crash left is overwritten whole", async () => {
  const path = join(temporaryFolder(), "a");
  await writeFile(`${path}.draft`, "a long draft that was cut off by a crash");
  await replaceFile(path, "short");
  assert.is(await readFile(path, "utf8"), "short");
});

test("a file system that cannot sync folders keeps the file; a failing disk is said", async () => {
  const path = join(temporaryFolder(), "a");
  const answering = (code: string) =>
    recorded((step) => (step.startsWith("sync") && !step.endsWith(".draft") ? failure(code) : undefined)).files;
  await replaceFiles([{ path, bytes: "x" }], answering("EINVAL"));
  assert.is(await readFile(path, "utf8"), "x");
  assert.is(await errnoFrom(replaceFiles([{ path, bytes: "y" }], answering("EIO"))), "EIO");
});

test("permissions are as asked for, of files and of every folder made", async () => {
  const dir = temporaryFolder();
  await makeFolder(join(dir, "b", "c"), { mode: 0o700 });
  await makeFolder(join(dir, "b", "c"));
  await replaceFile(join(dir, "b", "c", "secret"), "x", { mode: 0o600 });
  const modeOf = async (...path: string[]) => (await stat(join(dir, ...path))).mode & 0o777;
  assert.is(await modeOf("b"), 0o700);
  assert.is(await modeOf("b", "c"), 0o700);
  assert.is(await modeOf("b", "c", "secret"), 0o600);
});

test("where no folder can be created the answer is an error at once, and nothing is left", async () => {
  // Node's own recursive mkdir never returns from this one.
  assert.is(await errnoFrom(makeFolders("/proc/retort/state")), "ENOENT");
  const dir = temporaryFolder();
  await writeFile(join(dir, "file"), "");
  assert.is(await errnoFrom(makeFolders(join(dir, "file"))), "EEXIST");
  assert.is(await errnoFrom(makeFolder(join(dir, "file", "a", "b"))), "ENOTDIR");
  assert.equal(await readdir(dir), ["file"]);
});

test("folders that are missing are created, by several callers at once too, and the caller learns which were its own", async () => {
  const dir = temporaryFolder();
  const made = await makeFolders(join(dir, "a", "b"));
  assert.equal(made, [join(dir, "a"), join(dir, "a", "b")]);
  assert.equal(await makeFolders(join(dir, "a", "b")), []);
  await Promise.all([1, 2, 3, 4].map((n) => makeFolder(join(dir, "c", "d", "e", String(n)))));
  assert.equal((await readdir(join(dir, "c", "d", "e"))).sort(), ["1", "2", "3", "4"]);
});

test.run();
