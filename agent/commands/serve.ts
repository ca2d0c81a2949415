import type { Observable } from "rxjs";
import { CodedError, type ErrorCode, messageOf } from "../../errors.js";
import type { CommandRecord } from "../contract/command-record.js";
import type { Command } from "../contract/inbound.js";
import { type CommandOutcome, timestamp } from "../contract/payloads.js";
import type { Validator } from "../contract/validator.js";
import type { Clock } from "../kit/clock.js";
import type { Handlers } from "./handler.js";

export interface ServeOptions {
  readonly handlers: Handlers;
  readonly validate: Validator;
  readonly clock: Clock;
  /** Is given each command, once, and what came of it. */
  readonly onDone: (record: CommandRecord) => void;
}

export interface CommandService {
  /** Gives up what is still being carried out, and answers so. */
  close(): void;
}

/** How long a command of the same id is the same command: QoS 1 delivers again what was not acknowledged. */
const REMEMBERED_MS = 10 * 60_000;
/** Outcomes that are remembered; one may hold a picture. */
const MOST_REMEMBERED = 200;
/** Commands carried out at once; more are refused, for a flood of them must not take the line's time. */
const MOST_AT_ONCE = 32;

interface Done {
  /** The payload, as text. */
  readonly asked: string;
  readonly atMs: number;
  readonly outcome: Promise<CommandOutcome>;
}

/**
 * The service of commands: answers each one exactly once: with its result, with the error it met, or that it took too long. A command that
 * comes again under its id is answered again and not done again.
 */
export function serveCommands(command$: Observable<Command>, options: ServeOptions): CommandService {
  const { handlers, validate, clock, onDone } = options;
  const done = new Map<string, Done>();
  /** Of commands that are being carried out. Not AbortSignal.any over one that lives as long as the agent: Node 20 keeps 1.2 KB of each for ever. */
  const running = new Set<AbortController>();
  let closed = false;

  const check = ({ command, args, fault }: Command): CommandOutcome | null => {
    if (fault !== null) return refused(fault.code, `${fault.message}. ${fault.remedy}`);
    // Own ones: "constructor" is something to every object.
    if (!Object.hasOwn(handlers, command)) {
      return refused("COMMAND_UNKNOWN", `${command} is no command; known: ${Object.keys(handlers).join(", ")}`);
    }
    const faults = validate(`command-${command}`, args) ?? [];
    if (faults.length > 0) {
      return refused("COMMAND_INVALID", `${faults[0]}; agent/contract/schemas/command-${command}.json describes it`);
    }
    if (running.size >= MOST_AT_ONCE) return refused("COMMAND_BUSY", `${running.size} commands are being carried out`);
    return closed ? refused("COMMAND_STOPPED", "the agent stops") : null;
  };

  const carryOut = async (command: Command): Promise<CommandOutcome> => {
    const { args } = command;
    const { run, limitMs } = handlers[command.command]!;
    const limit = limitMs(args);
    const stop = new AbortController();
    running.add(stop);
    const timer = setTimeout(() => stop.abort(), limit);
    const givenUp = new Promise<CommandOutcome>((resolve) => {
      stop.signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve(
          closed
            ? refused("COMMAND_STOPPED", "the agent stops")
            : refused("COMMAND_TIMEOUT", `${command.command} was not done within ${limit / 1_000} s`),
        );
      });
    });
    const asked = { by: whoAsks(command), signal: stop.signal };
    const work = (async () => run(args, asked))()
      .then((result): CommandOutcome => ({ ok: true, result }))
      .catch((error: unknown): CommandOutcome => {
        if (error instanceof CodedError) return refused(error.code, `${error.message}. ${error.remedy}`);
        return refused("COMMAND_FAILED", messageOf(error));
      });
    return Promise.race([work, givenUp]).finally(() => {
      running.delete(stop);
      clearTimeout(timer);
    });
  };

  /** What is answered, and whether the command is a new one. */
  const serve = (command: Command): { outcome: Promise<CommandOutcome>; isNew: boolean } => {
    const key = `${command.command} ${command.id}`;
    const asked = JSON.stringify(command.args);
    const before = done.get(key);
    if (command.fault === null && before !== undefined && clock.monotonicMs() - before.atMs < REMEMBERED_MS) {
      if (before.asked === asked) return { outcome: before.outcome, isNew: false };
      const reused = refused("COMMAND_ID_REUSED", `${command.id} was another ${command.command}`);
      return { outcome: Promise.resolve(reused), isNew: true };
    }
    const no = check(command);
    // Not remembered: it may be busy only now, and refusing again costs nothing.
    if (no !== null) return { outcome: Promise.resolve(no), isNew: true };
    const outcome = carryOut(command);
    done.delete(key);
    done.set(key, { asked, atMs: clock.monotonicMs(), outcome });
    if (done.size > MOST_REMEMBERED) done.delete(done.keys().next().value!);
    return { outcome, isNew: true };
  };

  const subscription = command$.subscribe(async (command) => {
    const came = { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
    const { outcome, isNew } = serve(command);
    const reply = await outcome;
    command.reply(reply);
    if (isNew) onDone(recordOf(command, reply, came.wallMs, Math.round(clock.monotonicMs() - came.monotonicMs)));
  });
  return {
    close: () => {
      subscription.unsubscribe();
      closed = true;
      for (const stop of running) stop.abort();
    },
  };
}

/** Refusals of commands whose payload no schema has passed: it may hold anything. */
const UNREAD: ReadonlySet<ErrorCode> = new Set(["COMMAND_UNKNOWN", "COMMAND_INVALID"]);
/** Fields of results that say what was changed, and from what. */
const CHANGES: ReadonlySet<string> = new Set(["threshold", "before", "enabled", "until"]);

function recordOf(command: Command, outcome: CommandOutcome, atMs: number, durationMs: number): CommandRecord {
  const { id, via, from, args, fault } = command;
  const { v: _v, id: _id, by: _by, ...asked } = args;
  const unread = fault !== null || (!outcome.ok && UNREAD.has(outcome.code));
  const result = outcome.ok && typeof outcome.result === "object" && outcome.result !== null ? outcome.result : {};
  const changes = Object.fromEntries(Object.entries(result).filter(([key]) => CHANGES.has(key)));
  return {
    ts: timestamp(atMs),
    command: command.command,
    id,
    by: unread ? command.by : whoAsks(command),
    via,
    ...(from === undefined ? {} : { from }),
    args: unread ? null : asked,
    ok: outcome.ok,
    result: Object.keys(changes).length === 0 ? null : changes,
    error: outcome.ok ? null : { code: outcome.code, message: outcome.message },
    durationMs,
  };
}

/** The asker: by the command itself, which may be given on somebody's behalf, else by the way it came. */
function whoAsks({ args, by }: Command): string | null {
  return typeof args.by === "string" ? args.by : by;
}

function refused(code: ErrorCode, message: string): CommandOutcome {
  return { ok: false, code, message };
}
