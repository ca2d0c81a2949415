import { spawn } from "node:child_process";
import { connect, type Socket } from "node:net";
import type { ModbusCamera } from "../../agent/modbus/open.js";

/** What a PLC reads with Debian's mbpoll, which is libmodbus. */

export type Table = "coils" | "discrete" | "holding" | "input";

const TYPES: Readonly<Record<Table, string>> = { coils: "0", discrete: "1", input: "3", holding: "4" };

export interface Polled {
  readonly values: readonly number[];
  /** What it said beside them: the exception, where there is one. */
  readonly said: string;
}

export interface PollOptions {
  readonly unit?: number;
  /** A value, in the place of reading. */
  readonly write?: number;
  readonly withinS?: number;
}

/** One request of libmodbus'. */
export async function poll(
  port: number,
  table: Table,
  address: number,
  count: number,
  { unit = 1, write, withinS = 5 }: PollOptions = {},
): Promise<Polled> {
  const what = write === undefined ? ["-c", String(count), "-1"] : [];
  const options = [
    "-0",
    "-m",
    "tcp",
    "-o",
    String(withinS),
    "-a",
    String(unit),
    "-t",
    TYPES[table],
    "-p",
    String(port),
    "-q",
  ];
  const tail = ["127.0.0.1", ...(write === undefined ? [] : [String(write)])];
  const said = await output("mbpoll", [...options, "-r", String(address), ...what, ...tail]);
  const values = [...said.matchAll(/^\[\d+\]:\s+(\d+)/gm)].map(([, value]) => Number(value));
  return { values, said };
}

function output(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
    }
    child.once("error", reject);
    child.once("close", () => resolve(said));
  });
}

/** A connection of a client that sends what it likes. */
export interface RawClient {
  readonly socket: Socket;
  /** Sends bytes and gives the next that come; null when the other end hangs up. */
  ask(bytes: Uint8Array): Promise<Buffer | null>;
  /** Resolves when the other end has hung up. */
  readonly closed: Promise<void>;
}

export async function rawClient(port: number): Promise<RawClient> {
  const socket = connect(port, "127.0.0.1");
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  // A reset is a way to hang up.
  socket.on("error", () => undefined);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  const ask = async (bytes: Uint8Array): Promise<Buffer | null> => {
    const answer = new Promise<Buffer>((resolve) => socket.once("data", resolve));
    socket.write(bytes);
    return Promise.race([answer, closed.then(() => null)]);
  };
  return { socket, ask, closed };
}

/** A request as it travels. */
export function request(fn: number, address: number, count: number, unit = 1): Buffer {
  const bytes = Buffer.from([0, 7, 0, 0, 0, 6, unit, fn, 0, 0, 0, 0]);
  bytes.writeUInt16BE(address, 8);
  bytes.writeUInt16BE(count, 10);
  return bytes;
}

/** The registers in an answer to a reading. */
export function registersIn(answer: Buffer): readonly number[] {
  return Array.from({ length: answer[8]! / 2 }, (_, n) => answer.readUInt16BE(9 + 2 * n));
}

/** A camera that is in whatever state a test puts it. */
export type TellingCamera = { -readonly [Key in keyof ModbusCamera]: ModbusCamera[Key] };
