import type { Server, Socket } from "node:net";
import type { ModbusHangUp } from "../contract/modbus-health.js";
import { RequestWalk } from "./request-walk.js";

/** Counts since the start, but for the connections of this moment. */
export interface Traffic {
  connections: number;
  requests: number;
  /** Requests for anything but reading. */
  refused: number;
  readonly hungUp: Record<ModbusHangUp, number>;
}

export interface GuardLimits {
  readonly maxConnections: number;
  readonly idleMs: number;
}

/** Reading of coils, discrete inputs, holding and input registers. */
const LAST_READING = 4;
/** A PLC that asks for all of four cameras every five milliseconds sends 10 KB a second. */
const MOST_BYTES_A_SECOND = 32_768;
/** Of answers that a client does not take; each has at most 260. */
const MOST_UNTAKEN_BYTES = 65_536;
/** A machine that went without a word is found out, though its connection stands. */
const KEEP_ALIVE_MS = 10_000;

/** Bounds what clients can take of the agent: connections, time, memory, answers. Modbus knows no authentication. */
export function guardConnections(server: Server, limits: GuardLimits, traffic: Traffic): void {
  server.maxConnections = limits.maxConnections;
  server.on("drop", () => {
    traffic.hungUp.full += 1;
  });
  server.on("connection", (socket) => guardSocket(socket, limits, traffic));
}

function guardSocket(socket: Socket, { idleMs }: GuardLimits, traffic: Traffic): void {
  const walk = new RequestWalk();
  let window = { fromMs: performance.now(), bytes: 0 };
  const hangUp = (reason: ModbusHangUp): void => {
    if (socket.destroyed) return;
    traffic.hungUp[reason] += 1;
    socket.destroy();
  };
  // Of requests, not of bytes: a client that sends one byte a minute keeps a PLC out as well.
  const idle = setTimeout(() => hangUp("idle"), idleMs);
  traffic.connections += 1;
  socket.once("close", () => {
    traffic.connections -= 1;
    clearTimeout(idle);
  });
  socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
  socket.on("data", (bytes) => {
    if (performance.now() - window.fromMs >= 1_000) window = { fromMs: performance.now(), bytes: 0 };
    window.bytes += bytes.length;
    const functions = walk.take(bytes);
    if (functions === null) return hangUp("malformed");
    if (functions.length > 0) idle.refresh();
    traffic.requests += functions.length;
    traffic.refused += functions.filter((code) => code < 1 || code > LAST_READING).length;
    if (window.bytes > MOST_BYTES_A_SECOND || socket.writableLength > MOST_UNTAKEN_BYTES) hangUp("excess");
  });
}
