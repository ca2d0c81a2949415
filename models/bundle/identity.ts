import { basename, resolve } from "node:path";
import { CodedError } from "../../errors.js";
import type { Backbone } from "../network/backbones/backbone.js";
import type { Manifest } from "./bundle.js";

/** By which a bundle is known in scores, alerts and metrics. */
export type BundleIdentity = Pick<Manifest, "name" | "version" | "created">;

const FITS = /^[\p{L}\p{N}][\p{L}\p{N} ._+-]{0,63}$/u;

/**
 * A new bundle's name, version and date. Unless given, its folder names it, and its date, to the second, is its version: two trainings
 * are never told apart by their hash alone.
 * @throws CodedError OPTION_INVALID
 */
export function bundleIdentity(
  dir: string,
  { name = nameOf(dir), version }: { readonly name?: string | undefined; readonly version?: string | undefined },
  now = new Date(),
): BundleIdentity {
  const created = now.toISOString();
  const identity = { name, version: version ?? created.slice(0, 19).replaceAll(/[-:]/g, "").concat("Z"), created };
  for (const option of ["name", "version"] as const) {
    if (FITS.test(identity[option])) continue;
    throw new CodedError("OPTION_INVALID", `--${option} is ${JSON.stringify(identity[option])}`, {
      at: option,
      remedy: "Give up to 64 letters, digits, spaces and any of . _ + -, with a letter or digit first.",
    });
  }
  return identity;
}

/** A folder's name as a bundle's. */
function nameOf(dir: string): string {
  const fitting = basename(resolve(dir))
    .replaceAll(/[^\p{L}\p{N} ._+-]/gu, "-")
    .replace(/^[^\p{L}\p{N}]+/u, "");
  return fitting === "" ? "model" : fitting.slice(0, 64);
}

/** A manifest's record of the network that a model was built as. */
export function architectureOf({ name, network }: Backbone): Pick<Manifest, "arch" | "network"> {
  return { arch: name, ...(network === null ? {} : { network }) };
}

/** A bundle's name and version, and as much of its hash as people compare, in words. */
export function identityText({ name, version, sha256 }: Pick<Manifest, "name" | "version" | "sha256">): string {
  return `${name} ${version} (sha256 ${sha256.slice(0, 12)})`;
}
