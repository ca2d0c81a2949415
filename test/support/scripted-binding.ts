/** Has this process, its threads and its builders load the scripted binding; to be imported before what loads ONNX Runtime. */
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Script } from "../fakes/scripted-binding.cjs";
import { temporaryFolder } from "./config.js";

const path = join(temporaryFolder(), "script.json");
writeFileSync(path, "{}");
process.env.RETORT_ORT_BINDING = fileURLToPath(new URL("../fakes/scripted-binding.cjs", import.meta.url));
process.env.RETORT_TEST_BINDING = path;

/** What the binding does from now on. */
export function script(next: Script): void {
  writeFileSync(path, JSON.stringify(next));
}

/** What was asked of it since it was last forgotten: `build to a file`, `build in its place`, `open`. */
export function asked(): readonly string[] {
  appendFileSync(`${path}.log`, "");
  return readFileSync(`${path}.log`, "utf8").split("\n").filter(Boolean);
}

export function forget(): void {
  if (existsSync(`${path}.log`)) rmSync(`${path}.log`);
}
