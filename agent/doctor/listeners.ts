import { createServer } from "node:net";
import { isLoopback } from "../../config/loopback.js";
import type { Config } from "../../config/types.js";
import { type ErrorCode, errnoOf, errorCodes, messageOf } from "../../errors.js";
import type { Check } from "./check.js";

/** What wants to listen, and what is said where it cannot. */
interface Listener {
  readonly path: "http.port" | "modbus.port";
  readonly what: string;
  readonly host: string;
  readonly port: number;
  readonly taken: ErrorCode;
  readonly forbidden: ErrorCode;
  readonly failed: ErrorCode;
}

/**
 * Where the agent will listen, and whether it can: each port is taken for a moment; never rejects. A port that is taken is a note: an
 * agent that runs already has it.
 */
export function listenerChecks({ http, modbus }: Pick<Config, "http" | "modbus">): Promise<readonly Check[]> {
  const listeners: Listener[] = [];
  if (http.enabled && http.port !== "auto") {
    const codes = { taken: "HTTP_PORT_TAKEN", forbidden: "HTTP_PORT_FORBIDDEN", failed: "HTTP_FAILED" } as const;
    listeners.push({ path: "http.port", what: "HTTP", host: http.host, port: http.port, ...codes });
  }
  if (modbus.enabled) {
    const codes = { taken: "MODBUS_PORT_TAKEN", forbidden: "MODBUS_PORT_FORBIDDEN", failed: "MODBUS_FAILED" } as const;
    listeners.push({ path: "modbus.port", what: "Modbus/TCP", host: modbus.host, port: modbus.port, ...codes });
  }
  return Promise.all(listeners.map(listenerCheck));
}

async function listenerCheck({ path, what, host, port, taken, forbidden, failed }: Listener): Promise<Check> {
  const message = `${what} on ${host}:${port}${isLoopback(host) ? "" : ", for whoever reaches it"}`;
  try {
    await listenOnce(host, port);
    return { level: "ok", code: "LISTENER_FREE", path, message, remedy: "" };
  } catch (error) {
    const errno = errnoOf(error);
    const code = errno === "EADDRINUSE" ? taken : errno === "EACCES" ? forbidden : failed;
    const level = code === taken ? "note" : "fail";
    return { level, code, path, message: `${message}: ${messageOf(error)}`, remedy: errorCodes[code].remedy };
  }
}

function listenOnce(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ host, port }, () => server.close(() => resolve()));
  });
}
