import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder, replaceFile, syncFolder } from "../../../replace-file.js";
import type { EngineFile } from "../protocol.js";
import type { EngineBuild } from "../providers/session.js";
import { sha256OfFile } from "./engine-file.js";
import { type EngineNote, noteIn, noteText, type Proof } from "./note.js";

export interface StoredEngine extends EngineFile {
  /** Null until it was compared: the agent ended before. */
  readonly proof: Proof | null;
}

/** The most engines of all models: those that have lain longest go first. */
const MOST_ENGINES = 16;
const NAME = /^[0-9a-f]{32}(\.draft)?$/;

/**
 * The engines that were built, in a folder each: `engine.onnx` and `note.json`, which names its hash. Whole after a crash at any moment, or not
 * there: an engine is built in a folder of another name, which takes its place once it is on the disk.
 */
export class EngineStore {
  readonly #folder: string;
  #held: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Null where there is none, or its note cannot be read. Its bytes are checked by who opens it. */
  async find(key: string): Promise<StoredEngine | null> {
    const note = await this.#noteOf(key);
    return note?.kind === "engine" ? { path: this.#pathOf(key), sha256: note.sha256, proof: note.proof } : null;
  }

  /** Why the engine was found not to judge as the model does; null where it was not, or the limit is a wider one by now. */
  async refusal(key: string, limit: number): Promise<string | null> {
    const note = await this.#noteOf(key);
    return note?.kind === "refused" && limit <= note.limit ? note.reason : null;
  }

  /** Has builds wait: whether the folder is this process's is not known yet. */
  hold(): void {
    this.#held = new Promise((release) => {
      this.#release = release;
    });
  }

  /** Lets them begin, once what stopped builds have left is gone; a folder that cannot be written is said by them. */
  mayBuild(): void {
    void this.sweepDrafts()
      .catch(() => undefined)
      .then(this.#release);
  }

  /** Makes room for a build of this key; what an earlier one left is removed. */
  async begin(key: string): Promise<EngineBuild> {
    await this.#held;
    const draft = this.#draftOf(key);
    await makeFolder(this.#folder);
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft);
    return { file: join(draft, ENGINE), timingFolder: this.#folder };
  }

  /**
   * Takes in what was built; others of the same model go.
   * @throws Error where nothing was written, and what the file system answers
   */
  async keep(key: string, model: string): Promise<StoredEngine> {
    const draft = this.#draftOf(key);
    const file = join(draft, ENGINE);
    const { size } = await stat(file).catch(() => ({ size: 0 }));
    if (size === 0)
      throw new NothingWritten("TensorRT built an engine, and this build of ONNX Runtime did not write it");
    const sha256 = await sha256OfFile(file);
    await synced(file);
    await replaceFile(join(draft, NOTE), noteText({ v: 1, kind: "engine", model, sha256, proof: null }));
    await rm(join(this.#folder, key), { recursive: true, force: true });
    await rename(draft, join(this.#folder, key));
    await syncFolder(this.#folder);
    await this.#sweep(key, model);
    return { path: this.#pathOf(key), sha256, proof: null };
  }

  /** Removes what a build has left. */
  drop(key: string): Promise<void> {
    return rm(this.#draftOf(key), { recursive: true, force: true });
  }

  /** Writes down that the engine judges as the model does. */
  prove(key: string, model: string, { sha256 }: EngineFile, proof: Proof): Promise<void> {
    return replaceFile(join(this.#folder, key, NOTE), noteText({ v: 1, kind: "engine", model, sha256, proof }));
  }

  /** Removes the engine and remembers why it is not to be built again. */
  async refuse(key: string, model: string, reason: string, limit: number): Promise<void> {
    await replaceFile(join(this.#folder, key, NOTE), noteText({ v: 1, kind: "refused", model, reason, limit }));
    await rm(this.#pathOf(key), { force: true });
  }

  remove(key: string): Promise<void> {
    return rm(join(this.#folder, key), { recursive: true, force: true });
  }

  /** Drafts of builds that ended with an agent go, and of what is too much the oldest. @param key stays, others of its model go */
  async #sweep(key: string, model: string): Promise<void> {
    const kept: { readonly name: string; readonly writtenAtMs: number }[] = [];
    for (const name of await this.#names()) {
      if (name === key || name.endsWith(".draft")) continue;
      const note = await this.#noteOf(name);
      if (note === null || note.model === model) await this.remove(name);
      else kept.push({ name, writtenAtMs: (await stat(join(this.#folder, name))).mtimeMs });
    }
    kept.sort((a, b) => b.writtenAtMs - a.writtenAtMs);
    for (const { name } of kept.slice(MOST_ENGINES - 1)) await this.remove(name);
  }

  /** Removes the drafts of builds that ended with their agent; for a start, before anything is built. */
  async sweepDrafts(): Promise<void> {
    for (const name of await this.#names()) if (name.endsWith(".draft")) await this.remove(name);
  }

  async #names(): Promise<readonly string[]> {
    const names = await readdir(this.#folder).catch(() => []);
    return names.filter((name) => NAME.test(name));
  }

  async #noteOf(key: string): Promise<EngineNote | null> {
    return noteIn(await startOf(join(this.#folder, key, NOTE)));
  }

  #pathOf(key: string): string {
    return join(this.#folder, key, ENGINE);
  }

  #draftOf(key: string): string {
    return join(this.#folder, `${key}.draft`);
  }
}

const ENGINE = "engine.onnx";
const NOTE = "note.json";
const MOST_NOTE_BYTES = 65_536;

/** A build that went well and left nothing: it would every time. */
export class NothingWritten extends Error {}

/** The text of a small file, "" where it cannot be read. */
async function startOf(path: string): Promise<string> {
  const file = await open(path).catch(() => null);
  if (file === null) return "";
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MOST_NOTE_BYTES), 0, MOST_NOTE_BYTES, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } catch {
    return "";
  } finally {
    await file.close();
  }
}

async function synced(path: string): Promise<void> {
  const file = await open(path);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
