import { v7 as uuid } from "uuid";
import { CodedError, messageOf } from "../../errors.js";
import type { Command } from "../contract/inbound.js";
import type { CommandOutcome } from "../contract/payloads.js";
import { REBIRTH } from "./edge-node.js";
import type { MetricGroup, Write } from "./metric-group.js";
import { decode, type Written } from "./payload.js";

/** Metrics of one command; further ones are refused. */
const MOST_WRITES = 32;

/** What a host's command asks for. */
export interface Asked {
  readonly rebirth: boolean;
  readonly writes: readonly Write[];
  /** What of it means nothing. */
  readonly refused: readonly CodedError[];
}

/** Reads an NCMD or DCMD; whatever it holds, this does not throw. @param metrics of the node or device that it is for */
export function askedIn(payload: Uint8Array, metrics: MetricGroup, at: string): Asked {
  let written: readonly Written[];
  try {
    written = decode(payload);
  } catch (error) {
    return { rebirth: false, writes: [], refused: [invalid(`cannot be read: ${messageOf(error)}`, at)] };
  }
  const writes: Write[] = [];
  const refused: CodedError[] = [];
  let rebirth = false;
  for (const metric of written.slice(0, MOST_WRITES)) {
    if (metric.name === REBIRTH) {
      rebirth ||= metric.value === true;
      continue;
    }
    const source = metrics.find(metric);
    const name = source?.name ?? metric.name ?? `alias ${metric.alias}`;
    const write = source?.write?.(metric.value);
    if (source === null) refused.push(invalid(`there is no metric ${name}`, at));
    else if (source.write === undefined) refused.push(invalid(`${name} is only read`, at));
    else if (write === null || write === undefined) refused.push(invalid(`${name} is not of that datatype`, at));
    else writes.push(write);
  }
  if (written.length > MOST_WRITES) refused.push(invalid(`more than ${MOST_WRITES} metrics`, at));
  return { rebirth, writes, refused };
}

/** The agent's command for it. */
export function commandOf({ command, args }: Write, reply: (outcome: CommandOutcome) => void): Command {
  const id = uuid();
  return { command, id, args: { ...args, id }, via: "mqtt", by: "Sparkplug", fault: null, reply };
}

function invalid(message: string, at: string): CodedError {
  return new CodedError("SPARKPLUG_COMMAND_INVALID", message, { at });
}
