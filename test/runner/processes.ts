import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../errors.js";

/**
 * The names of the processes that live in a process group, after a moment's grace for those just being ended.
 * Zombies do not count: in a container whose first process reaps nobody they stay for ever.
 */
export async function survivorsOf(group: number, graceMs = 500): Promise<string[]> {
  const until = Date.now() + graceMs;
  for (;;) {
    const names = livingIn(group);
    if (names.length === 0 || Date.now() > until) return names;
    await sleep(25);
  }
}

/** Ends a whole process group at once. */
export function killGroup(group: number): void {
  try {
    process.kill(-group, "SIGKILL");
  } catch (error) {
    // ESRCH: it ended by itself meanwhile.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH")
      console.error(`cannot end group ${group}: ${messageOf(error)}`);
  }
}

function livingIn(group: number): string[] {
  const names: string[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    // proc(5): pid (name) state ppid pgrp ...; the name may hold spaces and brackets itself.
    const [, name, state, pgrp] = /^\d+ \((.*)\) (\w) \d+ (\d+) /s.exec(statOf(entry)) ?? [];
    if (name !== undefined && Number(pgrp) === group && state !== "Z" && state !== "X") names.push(name);
  }
  return names;
}

function statOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    // It ended between the listing and the look.
    return "";
  }
}
