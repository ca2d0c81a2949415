import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { readSecretFile, readSecretFileSync } from "../../config/secret-file.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";

const test = suite("secret files");
const utf16 = (text: string) => Buffer.from(`\uFEFF${text}`, "utf16le");

const files: readonly (readonly [title: string, bytes: Uint8Array, outcome: string])[] = [
  ["the first line is the secret", Buffer.from("hunter2\nnot this\n"), "hunter2"],
  ["blanks belong to it", Buffer.from(" hunter 2 \r\n"), " hunter 2 "],
  ["what Windows' Notepad puts in front does not", Buffer.from("\uFEFFhunter2\r\n"), "hunter2"],
  ["UTF-16 is refused with a word", utf16("hunter2\r\n"), "Error: it is in UTF-16; save it as UTF-8"],
  ["so it is the other way round", utf16("hunter2").swap16(), "Error: it is in UTF-16; save it as UTF-8"],
  ["and what is no UTF-8", Buffer.from("h\xfcnter2", "latin1"), "Error: it is not in UTF-8; save it as UTF-8"],
  ["an empty first line is no secret", Buffer.from("\nhunter2\n"), "Error: its first line is empty"],
];

for (const [title, bytes, outcome] of files) {
  test(title, async () => {
    const path = join(temporaryFolder(), "secret");
    writeFileSync(path, bytes);
    assert.is(await readSecretFile(path).catch(String), outcome);
    assert.is(at(path), outcome);
  });
}

test("a file that cannot be read is refused by the system's word alone: the path may be the secret", async () => {
  assert.is(await readSecretFile("/hunter2").catch(String), "Error: ENOENT");
  assert.is(at("/hunter2"), "Error: ENOENT");
});

function at(path: string): string {
  try {
    return readSecretFileSync(path);
  } catch (error) {
    return String(error);
  }
}

test.run();
