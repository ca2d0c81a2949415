import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "../../replace-file.js";

/** MQTT's own port, then the next ones: another broker on 1883 is no reason not to start. */
const PORTS: readonly number[] = Array.from({ length: 10 }, (_, n) => 1883 + n);

const fileIn = (statePath: string): string => join(statePath, "broker-port");

/**
 * The ports that the embedded broker tries: the one that it had the last time, so that subscribers find it again whatever else was
 * started before it; then 1883 to 1892; then any.
 */
export async function portsToTry(statePath: string): Promise<readonly number[]> {
  // One that cannot be read is as good as none.
  const text = await readFile(fileIn(statePath), "utf8").catch(() => "");
  const last = /^\d{4,5}\n?$/.test(text) ? Number(text) : 0;
  const known = last >= 1024 && last <= 65_535 ? [last] : [];
  return [...known, ...PORTS.filter((port) => port !== last), 0];
}

/** Remembers the port for the next start. */
export async function rememberPort(statePath: string, port: number): Promise<void> {
  await replaceFile(fileIn(statePath), `${port}\n`);
}
