// Compiles the GStreamer binding for another processor and other Nodes, in a Debian root that is older than what it shall run on.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { attempt, SetupError, step } from "../lib/report.mjs";
import { hashOf } from "../lib/stamp.mjs";
import { NODES } from "./nodes.mjs";

/** glibc 2.36 and GStreamer 1.22, of which nothing is used that Ubuntu 22.04 (JetPack 6) has not: the test of the package sees to that. */
const SUITE = "bookworm";
const TRIPLETS = { amd64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" };

/**
 * @param {{source: string, nan: string, arch: "amd64" | "arm64", out: string}} options `source`: the patched binding; `nan`: its
 * headers; `out`: the folder that gets a `.node` for each of NODES
 * @throws {SetupError} with the compiler's words
 */
export function compileBinding({ source, nan, arch, out }) {
  const root = buildRoot();
  const sources = readdirSync(source, { recursive: true })
    .filter((name) => /\.(cpp|h)$/.test(name))
    .sort()
    .map((name) => `${name}\0${readFileSync(join(source, name), "utf8")}`);
  const kept = join(
    root,
    "compiled",
    hashOf([fileURLToPath(import.meta.url)], [arch, JSON.stringify(NODES), ...sources]),
  );
  if (!existsSync(kept)) compileInto(kept, { root, source, nan, arch });
  cpSync(kept, out, { recursive: true });
}

function compileInto(kept, { root, source, nan, arch }) {
  const inside = join(root, "build");
  rmSync(inside, { recursive: true, force: true });
  mkdirSync(inside, { recursive: true });
  cpSync(source, join(inside, "source"), { recursive: true });
  cpSync(nan, join(inside, "nan"), { recursive: true });
  // The development files of two processors cannot be there at once.
  step(`GStreamer's development files for ${arch}`, "chroot", [
    root,
    ...["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "--no-install-recommends"],
    `libgstreamer-plugins-base1.0-dev:${arch}`,
  ]);
  const out = join(inside, "out");
  mkdirSync(out);
  for (const [modules, node] of Object.entries(NODES)) {
    headersOf(node, root);
    const headers = `/headers/${node.replace("@", "-")}/include/node`;
    const script = `set -e
cd /build/source
export PKG_CONFIG_LIBDIR=/usr/lib/${TRIPLETS[arch]}/pkgconfig:/usr/share/pkgconfig
${TRIPLETS[arch]}-g++ -shared -fPIC -pthread -O2 -g0 -s -std=gnu++20 -fno-rtti -fno-exceptions -fno-strict-aliasing \\
  -fstack-protector-strong -D_FORTIFY_SOURCE=2 -Wl,-z,relro,-z,now -w \\
  -DNODE_GYP_MODULE_NAME=gstreamer_superficial -DUSING_UV_SHARED=1 -DUSING_V8_SHARED=1 -DV8_DEPRECATION_WARNINGS=1 \\
  -DBUILDING_NODE_EXTENSION -D_GLIBCXX_USE_CXX11_ABI=1 -I${headers} -I/build/nan \\
  $(pkg-config --cflags gstreamer-1.0 gstreamer-app-1.0 gstreamer-video-1.0) *.cpp -o ${modules}.node \\
  $(pkg-config --libs gstreamer-1.0 gstreamer-app-1.0 gstreamer-video-1.0)`;
    step(`compiling the GStreamer binding for ${arch} and Node ${node.replace(/^.*@/, "")}`, "chroot", [
      root,
      ...["sh", "-c", script],
    ]);
    cpSync(join(inside, "source", `${modules}.node`), join(out, `${modules}.node`));
  }
  mkdirSync(dirname(kept), { recursive: true });
  renameSync(out, kept);
}

/** Made once. */
function buildRoot() {
  const root = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "retort", `build-${SUITE}`);
  if (existsSync(`${root}.done`)) return root;
  if (process.getuid() !== 0)
    throw new SetupError("only root can make the Debian root that the package is compiled in: sudo npm run deb");
  if (!attempt("debootstrap", ["--version"]).ok)
    throw new SetupError("debootstrap is not here: sudo apt-get install debootstrap");
  rmSync(root, { recursive: true, force: true });
  mkdirSync(join(root, ".."), { recursive: true });
  step(`making a root of Debian ${SUITE} to compile in`, "debootstrap", ["--variant=minbase", SUITE, root]);
  const script = `set -e
export DEBIAN_FRONTEND=noninteractive
case $(dpkg --print-architecture) in
  arm64) other=amd64 cross=g++-x86-64-linux-gnu ;;
  *) other=arm64 cross=g++-aarch64-linux-gnu ;;
esac
dpkg --add-architecture $other
apt-get update
apt-get install -y --no-install-recommends pkg-config g++ $cross`;
  step("its compilers", "chroot", [root, "sh", "-c", script]);
  writeFileSync(`${root}.done`, "");
  return root;
}

function headersOf(node, root) {
  const folder = join(root, "headers", node.replace("@", "-"));
  if (existsSync(join(folder, "include", "node", "node.h"))) return;
  mkdirSync(folder, { recursive: true });
  step(`fetching ${node}, for its headers`, "npm", ["pack", node, "--pack-destination", folder]);
  const [packed] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  const only = ["-xzf", packed, "--strip-components=1", "--wildcards", "package/include/*"];
  step("unpacking them", "tar", only, { cwd: folder });
  rmSync(join(folder, packed));
}
