/** Topic levels below an agent's own that are not cameras: no camera can be called so. */
export const RESERVED_LEVELS: readonly string[] = ["status", "health", "cmd", "reply", "config", "model"];
