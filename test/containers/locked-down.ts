import { type ChildProcess, spawn } from "node:child_process";
import type { ImageConfig } from "./buildah.js";

/** Mounts of one process alone: the root can only be read, /tmp is memory, the state a folder of its own. */
const SCRIPT = `
root=$1; state=$2; volume=$3; user=$4; group=$5; folder=$6; shift 6
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o nosuid,nodev,noexec tmpfs "$root/tmp"
chown "$user:$group" "$state"
mount --bind "$state" "$root$volume"
exec chroot "$root" setpriv --reuid "$user" --regid "$group" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \\
  env -i --chdir "$folder" "$@"`;

/** Where an image's files are, and what it may write. */
export interface Container {
  readonly root: string;
  readonly state: string;
  readonly config: ImageConfig;
  /** Beside the image's own, as in `NAME=value`. */
  readonly env: readonly string[];
}

/**
 * A command as `docker run --read-only --cap-drop ALL --security-opt no-new-privileges` runs it, but for the network, the other
 * processes and the limits, which are the machine's: neither an engine nor a runtime is needed. The child is the command itself.
 */
export function lockedDown({ root, state, config, env }: Container, command: readonly string[]): ChildProcess {
  const [user = "0", group = user] = config.User.split(":");
  const [volume = "/state"] = Object.keys(config.Volumes);
  const places = [root, state, volume, user, group, config.WorkingDir];
  const args = ["--mount", "sh", "-euc", SCRIPT, "sh", ...places, ...config.Env, ...env, ...command];
  return spawn("unshare", args, { stdio: ["ignore", "pipe", "pipe"] });
}

/** What a command that ends by itself came to. */
export async function ran(
  container: Container,
  command: readonly string[],
): Promise<{ status: number | null; said: string }> {
  const child = lockedDown(container, command);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once("error", reject).once("close", (status) => resolve({ status, said }));
  });
}
