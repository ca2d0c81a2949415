// Whether a build of ONNX Runtime's binding is what Retort needs of it: node try-binding.cjs FOLDER VERSION. Exit status 1, with the reason, where not.
const { join, resolve } = require("node:path");

const [folder, version] = process.argv.slice(2);
const at = resolve(folder);

/** @returns {string | null} what is wrong with it */
function fault() {
  const packaged = require(join(at, "package.json")).version;
  if (packaged !== version) return `its JavaScript is of ${packaged}, its libraries are of ${version}`;
  const { listSupportedBackends, InferenceSession } = require(at);
  if (typeof InferenceSession?.create !== "function") return "it has no InferenceSession";
  const backends = listSupportedBackends();
  for (const name of ["cuda", "tensorrt"]) {
    const backend = backends.find((each) => each.name === name);
    if (backend === undefined) return `it was built without ${name}`;
    if (backend.providerOptions !== true) return `it hands no options on to ${name}: the patch is not in it`;
  }
  return null;
}

let reason;
try {
  reason = fault();
} catch (error) {
  reason = `it cannot be loaded: ${error.message}`;
}
if (reason !== null) console.error(`${at}: ${reason}`);
process.exitCode = reason === null ? 0 : 1;
