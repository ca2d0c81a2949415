// Takes out of an installed agent what an image does not need: packages' binaries for other systems, sources that are compiled already.
//   node deploy/container/slim.mjs FOLDER
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const { platform, arch } = process;

/** @param {(name: string) => boolean} kept of what lies in the folder */
function keep(folder, kept) {
  if (!existsSync(folder)) throw new Error(`${folder} is not there: a package has changed, and this with it`);
  for (const name of readdirSync(folder)) {
    if (!kept(name)) rmSync(join(folder, name), { recursive: true });
  }
}

function main([root]) {
  const modules = join(root, "node_modules");
  const runtimes = join(modules, "onnxruntime-node", "bin", "napi-v6");
  keep(runtimes, (name) => name === platform);
  keep(join(runtimes, platform), (name) => name === arch);
  keep(join(modules, "classic-level", "prebuilds"), (name) => name === `${platform}-${arch}`);
  keep(join(modules, "gstreamer-superficial"), (name) => ["build", "package.json", "LICENSE"].includes(name));
  keep(join(modules, "gstreamer-superficial", "build"), (name) => name === "Release");
  keep(join(modules, "gstreamer-superficial", "build", "Release"), (name) => name.endsWith(".node"));
  keep(join(modules, "koffi"), (name) => !["src", "vendor", "doc"].includes(name));
}

main(process.argv.slice(2));
