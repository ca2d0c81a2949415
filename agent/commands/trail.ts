import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { mask } from "../../config/mask.js";
import { CodedError, messageOf } from "../../errors.js";
import { makeFolder, replaceFile } from "../../replace-file.js";
import type { CommandRecord } from "../contract/command-record.js";
import type { Clock } from "../kit/clock.js";
import type { Logger } from "../kit/log.js";
import { Serial } from "../kit/serial.js";
import { logLimit } from "./log-limit.js";

/** The trail of commands: who asked for what, and what came of it. */
export interface Trail {
  /** Logs it, and keeps it among the last hundred. */
  record(record: CommandRecord): void;
  /** The latest first. */
  list(): readonly CommandRecord[];
  /** Writes what is not yet on disk. Never rejects. */
  close(): Promise<void>;
}

export interface TrailOptions {
  readonly statePath: string;
  readonly log: Logger;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly onTrouble: (trouble: CodedError) => void;
}

const MOST_KEPT = 100;
/** How long a write waits for further commands. */
const WRITE_AFTER_MS = 1_000;

/**
 * The trail in `commands.json` below the state folder, written behind: the log is the record, the file answers questions.
 * One that cannot be read or written is reported, and commands are carried out all the same.
 */
export async function openTrail({ statePath, log, clock, onTrouble }: TrailOptions): Promise<Trail> {
  const file = join(statePath, "commands.json");
  const trouble = (what: string, error: unknown): void =>
    onTrouble(
      new CodedError("COMMAND_TRAIL_FAILED", `the trail of commands cannot be ${what}: ${messageOf(error)}`, {
        at: file,
      }),
    );
  /** The latest last. */
  let records = await recordsIn(file).catch((error: unknown): readonly CommandRecord[] => {
    trouble("read", error);
    return [];
  });
  let written = records;
  const writes = new Serial((error) => trouble("written", error));
  const write = async (): Promise<void> => {
    await makeFolder(dirname(file), { mode: 0o700 });
    const all = records;
    await replaceFile(file, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600 });
    written = all;
  };
  let timer: NodeJS.Timeout | undefined;
  const mayLog = logLimit(clock.monotonicMs);
  return {
    record(whole) {
      const record = masked(whole);
      records = [...records.slice(1 - MOST_KEPT), record];
      const leftOut = mayLog();
      if (leftOut !== null) {
        if (leftOut > 0) log.warn(`${leftOut} commands more came at once and are not in the log`);
        logged(record, log);
      }
      timer ??= setTimeout(() => {
        timer = undefined;
        writes.soon(write);
      }, WRITE_AFTER_MS).unref();
    },
    list: () => [...records].reverse(),
    close: async () => {
      clearTimeout(timer);
      timer = undefined;
      // One that could not be written before, on a full disk, is tried once more.
      await writes.run(async () => (records === written ? undefined : write()));
    },
  };
}

function logged({ command, id, by, via, from, args, ok, result, error }: CommandRecord, log: Logger): void {
  const asked = [
    `command ${command}`,
    ...(by === null ? [] : [`by ${by}`]),
    over(via, from),
    `id ${id ?? "none"}`,
  ].join(", ");
  const what = args === null ? "" : ` ${JSON.stringify(args)}`;
  if (ok) log.info(`${asked}:${what} done${result === null ? "" : `, ${JSON.stringify(result)}`}`);
  else if (error?.code === "COMMAND_FAILED") log.error(`${asked}:${what} failed: ${error.message}`);
  else log.warn(`${asked}:${what} refused, ${error?.code}: ${error?.message}`);
}

function over(via: CommandRecord["via"], from: CommandRecord["from"]): string {
  if (from === undefined) return `over ${via}`;
  const { address, session, role } = from;
  return `over ${via} from ${address}${session === null ? "" : ` in session ${session}`}, who may ${role}`;
}

/** No command has a field for a secret; somebody may have written one into a field that it has. */
function masked(record: CommandRecord): CommandRecord {
  return mask(record) as CommandRecord;
}

/** Empty where there is no such file yet. @throws what the file system or JSON does */
async function recordsIn(file: string): Promise<readonly CommandRecord[]> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "[]";
    throw error;
  });
  const read: unknown = JSON.parse(text);
  if (!Array.isArray(read) || !read.every(isRecord)) throw new Error("it is not what the agent wrote");
  return read.slice(-MOST_KEPT);
}

function isRecord(value: unknown): value is CommandRecord {
  const { ts, command } = (value ?? {}) as Partial<CommandRecord>;
  return typeof ts === "string" && typeof command === "string";
}
