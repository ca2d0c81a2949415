import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./config.js";

/** fsync and fdatasync as an SD card has them: each takes so long. */
const SOURCE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static int slowly(const char *name, int fd) {
  const char *text = getenv("SLOW_SYNC_MS");
  const long ms = text ? atol(text) : 0;
  const struct timespec wait = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&wait, 0);
  int (*real)(int) = dlsym(RTLD_NEXT, name);
  return real(fd);
}

int fsync(int fd) { return slowly("fsync", fd); }
int fdatasync(int fd) { return slowly("fdatasync", fd); }
`;

/** The environment in which a process finds its disk that slow; null where there is no C compiler. */
export function slowSync(ms: number): Readonly<Record<string, string>> | null {
  const folder = temporaryFolder();
  const [source, library] = [join(folder, "slow.c"), join(folder, "slow.so")];
  writeFileSync(source, SOURCE);
  const { status } = spawnSync("cc", ["-shared", "-fPIC", "-o", library, source, "-ldl"], { stdio: "ignore" });
  return status === 0 ? { LD_PRELOAD: library, SLOW_SYNC_MS: String(ms) } : null;
}
