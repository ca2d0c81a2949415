import type { FuzzKind } from "../kind.js";

/** Imported only when run: some start native libraries. */
export const kinds: Readonly<Record<string, () => Promise<FuzzKind<never>>>> = {
  commands: async () => (await import("./commands.js")).commands as FuzzKind<never>,
  configurations: async () => (await import("./configurations.js")).configurations as FuzzKind<never>,
  models: async () => (await import("./models.js")).models as FuzzKind<never>,
  images: async () => (await import("./images.js")).images as FuzzKind<never>,
  weights: async () => (await import("./weights.js")).weights as FuzzKind<never>,
  broker: async () => (await import("./broker.js")).broker as FuzzKind<never>,
};
