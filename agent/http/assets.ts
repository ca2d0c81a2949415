/** The files of the live view, held in memory: none is looked for on disk by a name that somebody asks for. */
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FastifyInstance, FastifyReply } from "fastify";
import { errnoOf } from "../../errors.js";

/** By their path, `/app.js`. */
export interface Assets {
  readonly files: ReadonlyMap<string, Asset>;
  /** What a browser is shown at `/`. */
  readonly page: Asset;
}

interface Asset {
  readonly type: string;
  readonly bytes: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

const PAGE = "index.html";

const NOT_BUILT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Retort</title>
<h1>The live view is not built</h1>
<p>Build it with <code>npm run build</code>. Until then: <a href="/api/cameras">cameras</a>, <a href="/api/alerts">alerts</a>,
<a href="/readyz">readiness</a>, <a href="/metrics">metrics</a>.</p></html>
`;

/** @param folder without one the page says that it is not built @throws what the file system does */
export async function readAssets(folder = fileURLToPath(new URL("web/", import.meta.url))): Promise<Assets> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return [];
    throw error;
  });
  const files = new Map<string, Asset>();
  for (const name of names) {
    const type = TYPES[extname(name)];
    if (type !== undefined) files.set(`/${name}`, { type, bytes: await readFile(join(folder, name)) });
  }
  const page = files.get(`/${PAGE}`) ?? { type: TYPES[".html"]!, bytes: Buffer.from(NOT_BUILT) };
  files.delete(`/${PAGE}`);
  return { files, page };
}

/** What a page of the agent's own may do: nothing that comes from elsewhere, no script or style within its text. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export function addAssets(app: FastifyInstance, { files }: Assets): void {
  for (const [path, asset] of files) app.get(path, (_request, reply) => sendAsset(reply, asset));
}

export function sendAsset(reply: FastifyReply, { type, bytes }: Asset): FastifyReply {
  return reply.header("Content-Security-Policy", POLICY).type(type).send(bytes);
}

/** Whether it is a browser that shows pages, and not a program, that asks for `/`. */
export function wantsPage(accept: string | undefined): boolean {
  return accept !== undefined && /(^|,)\s*text\/html\s*(;|,|$)/.test(accept);
}
