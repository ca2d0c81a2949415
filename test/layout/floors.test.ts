/** Who may import whom, types included: the two pictures of floors in ARCHITECTURE.md are the rule. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.js";
import { product, root } from "./sources.js";

const test = suite("floors");
const architecture = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");

/** From the top floor to the ground. Rooms of one floor are strangers; `a → b` is two floors. */
function floorsUnder(heading: string): readonly (readonly string[])[] {
  const section = architecture.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const lines = [...section.matchAll(/^ {4}(\S.*)$/gm)].map(([, line = ""]) => line.split(/ {2,}/)[0] ?? "");
  // A row that ends with a comma goes on in the next one.
  const rows = lines.join("\n").replaceAll(",\n", ", ").split("\n");
  return rows.flatMap((row) => row.split("→").map((floor) => floor.split(",").map((name) => name.trim())));
}

/** A room is a folder, or a file beside the folders. */
function roomOf(path: string, folder: string): string {
  const inside = path.slice(folder.length);
  return (inside.split("/")[0] ?? inside).replace(/\.c?ts$/, "");
}

interface Rooms {
  /** Null for what is not a matter of this picture. */
  readonly roomOf: (path: string) => string | null;
  readonly floors: readonly (readonly string[])[];
}

const pictures: Readonly<Record<string, Rooms>> = {
  "the whole": {
    floors: floorsUnder("Floors"),
    roomOf: (path) => {
      if (path.startsWith("error-codes/")) return "errors";
      return roomOf(path, path.startsWith("agent/") ? "agent/" : "");
    },
  },
  "models/": {
    floors: floorsUnder("Floors of models/"),
    roomOf: (path) => (path.startsWith("models/") ? roomOf(path, "models/") : null),
  },
};

for (const [name, picture] of Object.entries(pictures)) {
  const floorOf = (room: string): number => picture.floors.findIndex((floor) => floor.includes(room));

  test(`${name}: every room has its floor`, () => {
    const rooms = new Set(product.map(({ path }) => picture.roomOf(path)).filter((room) => room !== null));
    assert.equal(picture.floors.flat().sort(), [...rooms].sort());
  });

  test(`${name}: what is imported lies on a lower floor, or in the room itself`, () => {
    const wrong = product.flatMap(({ path, uses }) => {
      const from = picture.roomOf(path);
      return uses.flatMap((used) => {
        const to = picture.roomOf(used);
        if (from === null || to === null || from === to || floorOf(to) > floorOf(from)) return [];
        return [`${path} imports ${used}`];
      });
    });
    assert.equal(wrong, [], "take it as an argument, with a port (an interface) of what is needed in the room itself");
  });
}

test("no file imports itself by way of others", () => {
  const uses = new Map(product.map((source) => [source.path, source.uses]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) cycles.push([...way.slice(way.indexOf(path)), path].join(" → "));
    if (way.includes(path) || done.has(path)) return;
    for (const used of uses.get(path) ?? []) visit(used, [...way, path]);
    done.add(path);
  };
  for (const path of uses.keys()) visit(path, []);
  assert.equal(cycles, []);
});

test("every folder of agent/, models/ and config/ has its line in ARCHITECTURE.md", () => {
  const folders = product.map(({ path }) => path.match(/^(?:config|(?:agent|models)\/[^/]+)\//)?.[0]);
  const table = architecture.split("\n").filter((line) => line.startsWith("| `"));
  assert.equal(
    [...new Set(folders)].filter(
      (folder) => folder !== undefined && !table.some((line) => line.includes(`\`${folder}\``)),
    ),
    [],
  );
});

test.run();
