/** Has this process, its threads and its builders load the scripted binding; to be imported before what loads ONNX Runtime. */
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Script } from "../fakes/scripted-binding.cjs";
import { temporaryFolder } from "./config.js";

const path = join(temporaryFolder(), "script.json");
writeFileSync(path, "{}");
/** What has another process load it, too. */
export const variables = {
  RETORT_ORT_BINDING: fileURLToPath(new URL("../fakes/scripted-binding.cjs", import.meta.url)),
  RETORT_TEST_BINDING: path,
};
Object.assign(process.env, variables);

/** What the binding does from now on. */
export function script(next: Script): void {
  writeFileSync(path, JSON.stringify(next));
}

/** What was asked of it since it was last forgotten: `build to a file`, `build in its place`, `open`. */
export function asked(): readonly string[] {
  appendFileSync(`${path}.log`, "");
  return readFileSync(`${path}.log`, "utf8").split("\n").filter(Boolean);
}

/** The process that built last; null where none did. */
export function builder(): number | null {
  return existsSync(`${path}.pid`) ? Number(readFileSync(`${path}.pid`, "utf8")) : null;
}

export function forget(): void {
  for (const of of ["log", "pid"]) rmSync(`${path}.${of}`, { force: true });
}
