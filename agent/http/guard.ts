import fastifyBearerAuth from "@fastify/bearer-auth";
import helmet from "@fastify/helmet";
import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Role } from "../contract/live-events.js";
import { HttpFault } from "./fault.js";
import type { Sessions } from "./sessions.js";
import type { Tokens } from "./token.js";
import { cookieIn, isOwnOrigin, requireActing, requireOwnPage, WHO, type Who } from "./who.js";

export interface GuardOptions {
  /** Null where requests need none. */
  readonly tokens: Tokens | null;
  readonly sessions: Pick<Sessions, "use">;
  /** The name of the sessions' cookie. */
  readonly cookie: string;
  /** Whether a request is for what everybody may have: the supervisor's question, the page itself. */
  readonly isOpen: (request: FastifyRequest) => boolean;
  /** Host names that a request may ask for, lower case; null: any. */
  readonly hosts: ReadonlySet<string> | null;
  /** Wrong tokens of one address within `windowMs`, after which it is not listened to for the rest of it. */
  readonly wrongTokens?: number;
  readonly windowMs?: number;
  /** Sessions that one address may begin within `windowMs`: each is a line of the log, and one of others ends when there are too many. */
  readonly newSessions?: number;
}

/** What a route may do about tokens beyond what every request meets. */
export interface Guard {
  /** The role of a token that came in a body, for a session to begin; a wrong one counts. @throws HttpFault 401, 429 */
  readonly exchange: (token: string | undefined, request: FastifyRequest, reply: FastifyReply) => Promise<Role>;
}

/**
 * Secure headers, host names, origins, tokens and sessions: set up before any route. The only file that imports fastify's guards.
 * A token is never taken from an address: what stands there ends in logs and histories.
 */
export async function guard(app: FastifyInstance, options: GuardOptions): Promise<Guard> {
  const { tokens, sessions, cookie, isOpen, hosts, wrongTokens = 10, newSessions = 20, windowMs = 60_000 } = options;
  await app.register(helmet, {
    // The page needs more, and says so itself.
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    crossOriginResourcePolicy: { policy: "same-origin" },
    referrerPolicy: { policy: "no-referrer" },
    // Plain HTTP: a proxy that speaks TLS sends this header itself.
    strictTransportSecurity: false,
    xFrameOptions: { action: "deny" },
  });
  app.decorateRequest(WHO, null);
  // Answers are of this moment, and pictures are for the asker alone.
  app.addHook("onRequest", async (_request, reply) => void reply.header("Cache-Control", "no-store"));
  if (hosts !== null) app.addHook("onRequest", async (request) => hostKnown(request, hosts));
  app.addHook("onRequest", async (request) => requireOwnOrigin(request));
  const roles = new WeakMap<FastifyRequest, Role>();
  await app.register(fastifyBearerAuth, {
    keys: new Set<string>(),
    addHook: false,
    auth: (token, request) => {
      const role = tokens?.roleOf(token) ?? null;
      if (role !== null) roles.set(request, role);
      return role !== null;
    },
  });
  await app.register(rateLimit, { global: false });
  const failures = app.createRateLimit({ max: wrongTokens - 1, timeWindow: windowMs });
  const begun = app.createRateLimit({ max: newSessions, timeWindow: windowMs });
  const requireListening = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const address = await failures(request, { increment: false });
    if (address.isAllowed || !address.isExceeded) return;
    void reply.header("Retry-After", address.ttlInSeconds);
    throw new HttpFault(429, "HTTP_TOO_MANY_FAILURES", "too many wrong tokens from this address");
  };
  const requireRoom = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const address = await begun(request);
    if (address.isAllowed || !address.isExceeded) return;
    void reply.header("Retry-After", address.ttlInSeconds);
    throw new HttpFault(429, "HTTP_TOO_MANY_SESSIONS", "too many sessions begin at this address");
  };
  const wrong = (reply: FastifyReply): HttpFault => {
    void reply.header("WWW-Authenticate", 'Bearer realm="retort"');
    return new HttpFault(401, "HTTP_UNAUTHORIZED", "this needs Authorization: Bearer <token>, or a session");
  };

  /** Null where what it shows, if anything, is wrong. @throws HttpFault 429 */
  const identify = async (request: FastifyRequest, reply: FastifyReply): Promise<Who | null> => {
    const address = request.ip;
    // Where none is asked for, none can be wrong.
    if (tokens !== null && request.headers.authorization !== undefined) {
      await requireListening(request, reply);
      if (!(await tokenRight(app, request, reply))) return null;
      return { role: roles.get(request)!, address, session: null, showsToken: true };
    }
    const name = cookieIn(cookie, request.headers);
    const session = name === null ? null : sessions.use(name);
    // Nobody guesses a session: whoever has one is listened to, also behind the proxy, or beside the colleague, who guesses tokens.
    if (session !== null) return { role: session.role, address, session, showsToken: false };
    if (tokens === null) return { role: "act", address, session: null, showsToken: false };
    await requireListening(request, reply);
    return null;
  };
  app.addHook("onRequest", async (request, reply) => {
    if (isOpen(request)) return;
    const who = await identify(request, reply);
    if (who === null) {
      // A browser's first request shows none; that guesses nothing.
      if (request.headers.authorization !== undefined) await failures(request);
      throw wrong(reply);
    }
    request.setDecorator(WHO, who);
    if (SAFE_METHODS.includes(request.method)) return;
    if (who.session === null) return requireActing(who);
    requireOwnPage(request, who);
    // Whoever may only look may stop looking.
    if (request.method !== "DELETE") requireActing(who);
  });
  return {
    exchange: async (token, request, reply) => {
      if (tokens !== null) await requireListening(request, reply);
      const role = tokens === null ? "act" : tokens.roleOf(token ?? "");
      if (role !== null) {
        await requireRoom(request, reply);
        return role;
      }
      // Showing none guesses nothing.
      if (token !== undefined) await failures(request);
      throw wrong(reply);
    },
  };
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
  if (SAFE_METHODS.includes(method) || isOwnOrigin(headers)) return;
  throw new HttpFault(403, "HTTP_ORIGIN_REFUSED", "pages of another origin may ask for nothing here");
}

function tokenRight(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
  return new Promise((resolve) => app.verifyBearerAuth!(request, reply, (error) => resolve(error === undefined)));
}
