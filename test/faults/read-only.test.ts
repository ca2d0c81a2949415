import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { stringify } from "yaml";
import { packageRoot } from "../../config/package-root.js";
import { stormCamera, writeStormPictures } from "../soak/agents.js";
import { temporaryFolder } from "../support/config.js";
import { bare } from "../support/retort.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { until } from "../support/until.js";

const test = suite("a root file system that is read-only");

const NO_NAMESPACE = 97;

/** In a mount namespace of its own: everything is read-only but the folder that is named first, unless that is, too. */
const SEALED = `
mount --bind "$1" "$1" && mount -o remount,bind,ro / || exit ${NO_NAMESPACE}
[ "$2" = ro ] && { mount -o remount,bind,ro "$1" || exit ${NO_NAMESPACE}; }
touch /touched 2>/dev/null && exit ${NO_NAMESPACE}
shift 2
exec "$@"
`;

interface Sealed {
  readonly status: number | null;
  readonly said: string;
}

/** The agent until it has said `enough`, or has ended; null where no such namespace can be had. */
async function sealed(state: "rw" | "ro", enough: readonly RegExp[]): Promise<Sealed | null> {
  const folder = temporaryFolder();
  const [pictures, file, path] = [join(folder, "pictures"), join(folder, "line.yaml"), join(folder, "state")];
  mkdirSync(path);
  await writeStormPictures(pictures);
  const source = { type: "gstreamer", launch: "videotestsrc is-live=true" };
  const config = {
    mqtt: { url: "embedded" },
    models: { tiny: { path: await writeTinyBundle() } },
    cameras: [stormCamera(pictures, 20), { id: "gst", model: "tiny", source }],
    http: { port: 0 },
    state: { path },
  };
  writeFileSync(file, stringify(config));
  const main = join(packageRoot(), "dist/agent/main.cjs");
  const agent = [process.execPath, main, "run", "--config", file];
  const child = spawn("unshare", ["-m", "sh", "-c", SEALED, "sh", path, state, ...agent], { env: bare({}) });
  const failed = once(child, "error").then(() => undefined);
  const closed = once(child, "close").then(() => undefined);
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  const isEnough = (): boolean => enough.every((pattern) => pattern.test(said)) || child.exitCode !== null;
  try {
    await Promise.race([until(isEnough, "what the agent was run for", 30_000), failed]);
  } finally {
    child.kill("SIGTERM");
    await Promise.race([closed, failed]);
  }
  const { exitCode: status } = child;
  if (status === null || status === NO_NAMESPACE || said.startsWith("unshare: ")) {
    console.log(`skipped: no mount namespace can be had here (${said.split("\n", 1)[0]})`);
    return null;
  }
  return { status, said };
}

test("the agent judges, keeps alerts and serves with nothing but its state folder to write to", async () => {
  const ran = await sealed("rw", [/the first picture is judged/, /live view: http/, /storm +raised|raised/i]);
  if (ran === null) return;
  assert.is(ran.status, 0);
  assert.not.match(ran.said, /error|EROFS|no signal/i);
});

test("a state folder that cannot be written is named, with what to do", async () => {
  const ran = await sealed("ro", [/never said/]);
  if (ran === null) return;
  assert.is(ran.status, 1);
  assert.match(ran.said, "error STORE_UNUSABLE: EROFS");
  assert.match(ran.said, "that this user may write there");
});

test.run();
