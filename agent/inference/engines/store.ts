import { access, mkdir, open, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder, replaceFile, syncFolder } from "../../../replace-file.js";
import { startOfFile } from "../../kit/file-start.js";
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
  /** By key, how many models of this process use it: one file may be a model by several names. */
  readonly #users = new Map<string, number>();
  /** Keys of those that this process is opening. */
  readonly #opening = new Set<string>();

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

  /** Has builds and removals wait: whether the folder is this process's is not known yet. */
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
   * @throws NothingWritten; Error where the file is empty, and what the file system answers
   */
  async keep(key: string, model: string): Promise<StoredEngine> {
    const draft = this.#draftOf(key);
    const file = join(draft, ENGINE);
    const { size } = await stat(file).catch(() => ({ size: null }));
    if (size === null)
      throw new NothingWritten("TensorRT built an engine, and this build of ONNX Runtime did not write it");
    // ONNX Runtime does not look whether what it writes has room.
    if (size === 0) throw new Error("TensorRT built an engine, and its file is empty: is the disk full?");
    const sha256 = await sha256OfFile(file);
    await synced(file);
    await replaceFile(join(draft, NOTE), noteText({ v: 1, kind: "engine", model, sha256, proof: null }));
    await rm(join(this.#folder, key), { recursive: true, force: true });
    await rename(draft, join(this.#folder, key));
    await syncFolder(this.#folder);
    await this.#sweep(key, model);
    return { path: this.#pathOf(key), sha256, proof: null };
  }

  /** Keeps the engine from giving way to another one of its model. @returns ends that */
  use(key: string): () => void {
    this.#users.set(key, (this.#users.get(key) ?? 0) + 1);
    let uses = true;
    return () => {
      if (uses) this.#users.set(key, (this.#users.get(key) ?? 1) - 1);
      uses = false;
    };
  }

  /** Removes what a build has left. */
  drop(key: string): Promise<void> {
    return rm(this.#draftOf(key), { recursive: true, force: true });
  }

  /** Writes down that the engine judges as the model does; of one that another has replaced, nothing. */
  async prove(key: string, model: string, engine: EngineFile, proof: Proof): Promise<void> {
    if (!(await this.#isStill(key, engine))) return;
    const { sha256 } = engine;
    await replaceFile(join(this.#folder, key, NOTE), noteText({ v: 1, kind: "engine", model, sha256, proof }));
  }

  /** Whether a process before this one had begun to open the engine and has never said that it was through. */
  async wasBegun(key: string): Promise<boolean> {
    if (this.#opening.has(key)) return false;
    return access(join(this.#folder, key, OPENING)).then(
      () => true,
      () => false,
    );
  }

  /** Remembers that the engine is being opened, beyond an end of the process; not beyond one of the machine: that is not the engine's doing. */
  async beginOpening(key: string): Promise<void> {
    this.#opening.add(key);
    await writeFile(join(this.#folder, key, OPENING), "");
  }

  async endOpening(key: string): Promise<void> {
    this.#opening.delete(key);
    await rm(join(this.#folder, key, OPENING), { force: true });
  }

  /** Removes the engine and remembers why it is not to be built again. */
  async refuse(key: string, model: string, reason: string, limit: number): Promise<void> {
    await this.#held;
    await replaceFile(join(this.#folder, key, NOTE), noteText({ v: 1, kind: "refused", model, reason, limit }));
    await rm(this.#pathOf(key), { force: true });
  }

  remove(key: string): Promise<void> {
    return rm(join(this.#folder, key), { recursive: true, force: true });
  }

  /** Removes this engine, and none that was built in its place since, nor that of the agent whose folder it is. */
  async removeThis(key: string, engine: EngineFile): Promise<void> {
    await this.#held;
    if (await this.#isStill(key, engine)) await this.remove(key);
  }

  async #isStill(key: string, { sha256 }: EngineFile): Promise<boolean> {
    return (await this.find(key))?.sha256 === sha256;
  }

  /** Drafts of builds that ended with an agent go, and of what is too much the oldest. @param key stays, others of its model go */
  async #sweep(key: string, model: string): Promise<void> {
    const kept: { readonly name: string; readonly writtenAtMs: number }[] = [];
    for (const name of await this.#names()) {
      if (name === key || name.endsWith(".draft") || (this.#users.get(name) ?? 0) > 0) continue;
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
    return noteIn((await startOfFile(join(this.#folder, key, NOTE), MOST_NOTE_BYTES)) ?? "");
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
const OPENING = "opening";
const MOST_NOTE_BYTES = 65_536;

/** A build that went well and left nothing: it would every time. */
export class NothingWritten extends Error {}

async function synced(path: string): Promise<void> {
  const file = await open(path);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
