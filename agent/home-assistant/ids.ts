import { createHash } from "node:crypto";

/**
 * The name of a device at Home Assistant: in its discovery topic, where only letters, digits, `_` and `-` may stand, and in front
 * of its entities' own. An agent's and a camera's ids may hold anything else, and so a hash keeps the names apart.
 * @param base `<prefix>/<agent id>` @param camera null: the agent itself
 */
export function deviceId(base: string, camera: string | null): string {
  const agent = base.slice(base.lastIndexOf("/") + 1);
  const words = ["retort", agent, ...(camera === null ? [] : [camera])].map(plain).filter((word) => word !== "");
  const hash = createHash("sha256")
    .update(JSON.stringify([base, camera]))
    .digest("hex");
  return [...words, hash.slice(0, 8)].join("-");
}

function plain(text: string): string {
  return text
    .replace(/[^A-Za-z0-9_]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 48);
}
