import fastifyBearerAuth from "@fastify/bearer-auth";
import helmet from "@fastify/helmet";
import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { HttpFault } from "./fault.js";

export interface GuardOptions {
  /** Null where requests need none. */
  readonly token: string | null;
  /** Host names that a request may ask for, lower case; null: any. */
  readonly hosts: ReadonlySet<string> | null;
  /** Wrong tokens of one address within `windowMs`, after which it is not listened to for the rest of it. */
  readonly wrongTokens?: number;
  readonly windowMs?: number;
}

/** The route that needs no token: a supervisor restarts what does not answer. */
const OPEN = "/healthz";

/**
 * Secure headers, host names, origins, the token: set up before any route. The only file that imports fastify's guards.
 * A token is taken from the Authorization header alone: what stands in an address ends in logs and histories.
 */
export async function guard(app: FastifyInstance, options: GuardOptions): Promise<void> {
  const { token, hosts, wrongTokens = 10, windowMs = 60_000 } = options;
  await app.register(helmet, {
    // Nothing served here is a page that needs more.
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    crossOriginResourcePolicy: { policy: "same-origin" },
    referrerPolicy: { policy: "no-referrer" },
    // Plain HTTP: a proxy that speaks TLS sends this header itself.
    strictTransportSecurity: false,
    xFrameOptions: { action: "deny" },
  });
  // Answers are of this moment, and pictures are for the asker alone.
  app.addHook("onRequest", async (_request, reply) => void reply.header("Cache-Control", "no-store"));
  if (hosts !== null) app.addHook("onRequest", async (request) => hostKnown(request, hosts));
  app.addHook("onRequest", async (request) => requireOwnOrigin(request));
  if (token === null) return;
  await app.register(fastifyBearerAuth, { keys: new Set([token]), addHook: false });
  await app.register(rateLimit, { global: false });
  const failures = app.createRateLimit({ max: wrongTokens - 1, timeWindow: windowMs });
  app.addHook("onRequest", async (request, reply) => {
    if (request.routeOptions.url === OPEN) return;
    const address = await failures(request, { increment: false });
    if (!address.isAllowed && address.isExceeded) {
      void reply.header("Retry-After", address.ttlInSeconds);
      throw new HttpFault(429, "HTTP_TOO_MANY_FAILURES", "too many wrong tokens from this address");
    }
    if (await tokenRight(app, request, reply)) return;
    // A browser's first request shows none; that guesses nothing.
    if (request.headers.authorization !== undefined) await failures(request);
    void reply.header("WWW-Authenticate", 'Bearer realm="retort"');
    throw new HttpFault(401, "HTTP_UNAUTHORIZED", "this needs Authorization: Bearer <token>");
  });
}

/**
 * A page elsewhere may have its own name point to 127.0.0.1 (DNS rebinding) and would then read what is here as its own:
 * RFC 9110, 15.5.20.
 */
function hostKnown({ headers: { host = "" } }: FastifyRequest, hosts: ReadonlySet<string>): void {
  const name = host.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
  if (!hosts.has(name)) throw new HttpFault(421, "HTTP_HOST_UNKNOWN", "the agent does not answer to this host name");
}

const SAFE_METHODS: readonly string[] = ["GET", "HEAD", "OPTIONS"];

/**
 * A page elsewhere cannot read what it gets from here, but could have a request do something: browsers say whose it is
 * (RFC 6454, 7.3; Fetch Metadata). Programs say nothing, and may.
 */
function requireOwnOrigin({ method, headers }: FastifyRequest): void {
  if (SAFE_METHODS.includes(method)) return;
  const { origin, host = "", "sec-fetch-site": site } = headers;
  const own = origin === undefined || origin.toLowerCase().replace(/^https?:\/\//, "") === host.toLowerCase();
  if (own && (site === undefined || site === "same-origin" || site === "none")) return;
  throw new HttpFault(403, "HTTP_ORIGIN_REFUSED", "pages of another origin may ask for nothing here");
}

function tokenRight(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
  return new Promise((resolve) => app.verifyBearerAuth!(request, reply, (error) => resolve(error === undefined)));
}
