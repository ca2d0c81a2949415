import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

const TOOLS = { debootstrap: "debootstrap", "systemd-nspawn": "systemd-container" } as const;
const SUITE = "trixie";
/** Beyond what debootstrap calls minimal: an init, and authorities to trust. */
const INCLUDED = "systemd,systemd-sysv,ca-certificates";
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
const LIMIT_MS = 30 * 60_000;

const UNIT = `[Unit]
After=multi-user.target
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
Environment=HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive NODE_EXTRA_CA_CERTS=${CERTIFICATES}
WorkingDirectory=/src
ExecStart=/bin/sh -eu /src/scenario.sh
StandardOutput=file:/scenario.log
StandardError=file:/scenario.log
ExecStopPost=/bin/sh -c 'echo $EXIT_STATUS > /scenario.status'
`;

/** Ends the program where this machine cannot make others. */
export function checkTools(): void {
  const missing = Object.entries(TOOLS).filter(([tool]) => spawnSync(tool, ["--version"]).error !== undefined);
  if (missing.length > 0) {
    console.error(`sudo apt-get install ${missing.map(([, each]) => each).join(" ")}`);
    process.exit(1);
  }
  if (process.getuid?.() !== 0) {
    console.error("only root can make and boot a machine");
    process.exit(1);
  }
}

/** A root file system of Debian, made once; RETORT_TEST_DEBIAN_ROOT names another, which stays as it is. */
function baseRoot(): string {
  const named = process.env.RETORT_TEST_DEBIAN_ROOT;
  if (named !== undefined) return named;
  const root = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "retort", SUITE);
  if (existsSync(`${root}.done`)) return root;
  console.log(`making a root of Debian ${SUITE} in ${root}`);
  rmSync(root, { recursive: true, force: true });
  must("debootstrap", ["--variant=minbase", `--include=${INCLUDED}`, SUITE, root]);
  writeFileSync(`${root}.done`, "");
  return root;
}

/** @throws Error with all that the command said */
export function must(command: string, args: readonly string[], cwd?: string): string {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8", maxBuffer: 2 ** 28 });
  if (status !== 0)
    throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? `${status}\n${stdout}${stderr}`}`);
  return stdout;
}

/**
 * Boots a copy of a Debian root with systemd as its first process, and runs a shell script there; what it says is printed as it says it.
 * @param scenario the script's path; `common.sh` beside it is there, too
 * @param files which lie beside it, in /src
 * @param prepare is given the root file system before it is booted
 * @returns its exit status
 */
export async function runInMachine(
  scenario: string,
  files: readonly string[],
  prepare: (root: string) => void = () => undefined,
): Promise<number> {
  const base = baseRoot();
  const folder = mkdtempSync(join(tmpdir(), "retort-machine-"));
  const [upper, work, root] = ["upper", "work", "root"].map((name) => join(folder, name)) as [string, string, string];
  for (const each of [upper, work, root]) mkdirSync(each);
  must("mount", ["-t", "overlay", "overlay", "-o", `lowerdir=${base},upperdir=${upper},workdir=${work}`, root]);
  try {
    mkdirSync(join(root, "src"));
    for (const file of files) cpSync(file, join(root, "src", basename(file)));
    cpSync(scenario, join(root, "src", "scenario.sh"));
    cpSync(join(dirname(scenario), "common.sh"), join(root, "src", "common.sh"));
    if (existsSync(CERTIFICATES)) cpSync(CERTIFICATES, join(root, CERTIFICATES));
    writeFileSync(join(root, "etc/systemd/system/scenario.service"), UNIT);
    const wants = join(root, "etc/systemd/system/default.target.wants");
    mkdirSync(wants, { recursive: true });
    must("ln", ["-s", "../scenario.service", wants]);
    prepare(root);
    await boot(root, folder);
    const status = join(root, "scenario.status");
    return existsSync(status) ? Number(readFileSync(status, "utf8")) : 1;
  } finally {
    must("umount", [root]);
    rmSync(folder, { recursive: true });
  }
}

async function boot(root: string, folder: string): Promise<void> {
  const log = join(root, "scenario.log");
  writeFileSync(log, "");
  // Without machined, which a builder's machine need not have.
  const args = ["--register=no", "--keep-unit", "--quiet", "--console=pipe", `--directory=${root}`, "--boot"];
  const machine = spawn("systemd-nspawn", args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [machine.stdout, machine.stderr]) stream.on("data", (text: Buffer) => (said += text.toString()));
  let shown = 0;
  const show = (): void => {
    const text = readFileSync(log, "utf8");
    process.stdout.write(text.slice(shown));
    shown = text.length;
  };
  const showing = setInterval(show, 500);
  const limit = setTimeout(() => machine.kill("SIGKILL"), LIMIT_MS);
  await once(machine, "close");
  clearInterval(showing);
  clearTimeout(limit);
  show();
  writeFileSync(join(folder, "boot.log"), said);
  if (shown === 0) console.error(said);
}
