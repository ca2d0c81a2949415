// Where verdicts are kept: SQLite where Node has it (22.13 and later), else a file of JSON lines. Each is on disk when add() returns.
import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";

export async function openStore(path) {
  // Node 20 has no such module.
  const sqlite = await import("node:sqlite").catch(() => null);
  return sqlite === null ? linesIn(`${path}.jsonl`) : tableIn(new sqlite.DatabaseSync(`${path}.db`));
}

function tableIn(database) {
  database.exec(`CREATE TABLE IF NOT EXISTS verdicts (
    agent TEXT, camera TEXT, seq INTEGER, ts TEXT, part TEXT, verdict TEXT, score REAL, json TEXT,
    PRIMARY KEY (agent, camera, seq))`);
  const newest = database.prepare("SELECT max(seq) AS seq, max(ts) AS ts FROM verdicts WHERE agent = ? AND camera = ?");
  const insert = database.prepare("INSERT OR IGNORE INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  return {
    last: (agent, camera) => {
      const { seq, ts } = newest.get(agent, camera);
      return { seq: seq ?? 0, ts: ts ?? "" };
    },
    add: ({ agent, camera, seq, ts, part, verdict, score, ...rest }) =>
      insert.run(agent, camera, seq, ts, String(part), verdict, score, JSON.stringify(rest)),
    close: () => database.close(),
  };
}

function linesIn(file) {
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  // What a crash left of a line goes: it was not acknowledged, and comes again.
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const handle = openSync(file, "a");
  ftruncateSync(handle, Buffer.byteLength(whole));
  const last = new Map();
  for (const line of whole.split("\n").slice(0, -1)) note(JSON.parse(line));
  function lastOf(agent, camera) {
    return last.get(`${agent}/${camera}`) ?? { seq: 0, ts: "" };
  }
  function note({ agent, camera, seq, ts }) {
    const before = lastOf(agent, camera).ts;
    last.set(`${agent}/${camera}`, { seq, ts: [ts, before].sort()[1] });
  }
  return {
    last: lastOf,
    add: (verdict) => {
      writeSync(handle, `${JSON.stringify(verdict)}\n`);
      fsyncSync(handle);
      note(verdict);
    },
    close: () => closeSync(handle),
  };
}
