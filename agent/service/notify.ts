import { getSystemErrorName } from "node:util";
import { type DatagramSocket, datagramSocket } from "../kit/libc.js";

/** The line to a service manager that asked to be told: sd_notify(3), systemd's protocol. */
export interface Notify {
  /** How often it wants to hear that the agent does its work; null where it does not ask. */
  readonly watchdogMs: number | null;
  /**
   * Never waits, never throws: what cannot be sent is reported once.
   * @returns whether it was sent: a service manager that is busy, as at a machine's start, takes ten messages and then none for a while
   */
  say(assignments: Readonly<Record<string, string | number>>): boolean;
}

export interface NotifyOptions {
  /** The process's environment: what is for this process alone is taken out of it, so that no child has it. */
  readonly env: NodeJS.ProcessEnv;
  readonly pid: number;
  readonly onTrouble: (reason: string) => void;
  readonly open?: (name: string) => DatagramSocket | null;
}

/** Null where nobody asks, or the socket cannot be had. */
export function openNotify({ env, pid, onTrouble, open = datagramSocket }: NotifyOptions): Notify | null {
  const { NOTIFY_SOCKET: name, WATCHDOG_USEC, WATCHDOG_PID } = env;
  for (const own of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete env[own];
  if (name === undefined || name === "") return null;
  const socket = opened(name, open, onTrouble);
  if (socket === null) return null;
  let failed = false;
  const usec = Number(WATCHDOG_USEC);
  const isAsked =
    Number.isSafeInteger(usec) && usec > 0 && (WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === pid);
  return {
    watchdogMs: isAsked ? usec / 1_000 : null,
    say(assignments) {
      const lines = Object.entries(assignments).map(([key, value]) => `${key}=${value}`);
      const errno = socket.send(lines.join("\n"));
      if (errno !== 0 && !failed)
        onTrouble(`the service manager cannot be told: ${getSystemErrorName(-errno)} (${name})`);
      failed = errno !== 0;
      return !failed;
    },
  };
}

function opened(
  name: string,
  open: (name: string) => DatagramSocket | null,
  onTrouble: (reason: string) => void,
): DatagramSocket | null {
  const unusable = (why: string): null => {
    onTrouble(`the service manager cannot be told: ${why} (${name})`);
    return null;
  };
  if (!/^[/@]./.test(name)) return unusable("its address is neither a path nor an abstract name");
  try {
    return open(name) ?? unusable("there is no socket for its address");
  } catch (error) {
    return unusable(error instanceof Error ? error.message : String(error));
  }
}
