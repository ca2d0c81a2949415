import type { Observable } from "rxjs";
import { CodedError, type ErrorCode, messageOf } from "../../errors.js";
import type { Command } from "../contract/inbound.js";
import type { CommandOutcome } from "../contract/payloads.js";
import type { Validator } from "../contract/validator.js";
import type { Handlers } from "./handler.js";

export interface ServeOptions {
  readonly handlers: Handlers;
  readonly validate: Validator;
  readonly monotonicMs: () => number;
  /** For the log: what failed without a code is a fault of ours. */
  readonly onFault: (command: string, reason: string) => void;
}

export interface CommandService {
  /** What is still being done is given up, and answered so. */
  close(): void;
}

/** QoS 1 delivers again what was not acknowledged: for so long a command of the same id is the same command. */
const REMEMBERED_MS = 10 * 60_000;
/** Replies may hold a picture. */
const MOST_REMEMBERED = 200;
/** More at once are refused: a flood of commands must not take the line's time. */
const MOST_AT_ONCE = 32;

interface Done {
  readonly asked: string;
  readonly atMs: number;
  readonly outcome: Promise<CommandOutcome>;
}

/**
 * Answers each command exactly once: with its result, with the error it met, or that it took too long. A command that
 * comes again under its id is answered again and not done again.
 */
export function serveCommands(command$: Observable<Command>, options: ServeOptions): CommandService {
  const { handlers, validate, monotonicMs, onFault } = options;
  const done = new Map<string, Done>();
  /** Those being carried out. Not AbortSignal.any over one that lives as long as the agent: Node 20 keeps 1.2 KB of each for ever. */
  const running = new Set<AbortController>();
  let closed = false;

  const check = ({ command, args }: Command): CommandOutcome | null => {
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

  const carryOut = async ({ command, args }: Command): Promise<CommandOutcome> => {
    const { run, limitMs } = handlers[command]!;
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
            : refused("COMMAND_TIMEOUT", `${command} was not done within ${limit / 1_000} s`),
        );
      });
    });
    const asked = { by: whoAsks(args), signal: stop.signal };
    const work = (async () => run(args, asked))()
      .then((result): CommandOutcome => ({ ok: true, result }))
      .catch((error: unknown): CommandOutcome => {
        if (error instanceof CodedError) return refused(error.code, `${error.message}. ${error.remedy}`);
        onFault(command, messageOf(error));
        return refused("COMMAND_FAILED", messageOf(error));
      });
    return Promise.race([work, givenUp]).finally(() => {
      running.delete(stop);
      clearTimeout(timer);
    });
  };

  const outcomeOf = (command: Command): Promise<CommandOutcome> => {
    const key = `${command.command} ${command.id}`;
    const asked = JSON.stringify(command.args);
    const before = done.get(key);
    if (before !== undefined && monotonicMs() - before.atMs < REMEMBERED_MS) {
      if (before.asked === asked) return before.outcome;
      return Promise.resolve(refused("COMMAND_ID_REUSED", `${command.id} was another ${command.command}`));
    }
    const no = check(command);
    // Not remembered: it may be busy only now, and refusing again costs nothing.
    if (no !== null) return Promise.resolve(no);
    const outcome = carryOut(command);
    done.delete(key);
    done.set(key, { asked, atMs: monotonicMs(), outcome });
    if (done.size > MOST_REMEMBERED) done.delete(done.keys().next().value!);
    return outcome;
  };

  const subscription = command$.subscribe((command) => void outcomeOf(command).then(command.reply));
  return {
    close: () => {
      subscription.unsubscribe();
      closed = true;
      for (const stop of running) stop.abort();
    },
  };
}

function whoAsks({ by }: Command["args"]): string | null {
  return typeof by === "string" ? by : null;
}

function refused(code: ErrorCode, message: string): CommandOutcome {
  return { ok: false, code, message };
}
