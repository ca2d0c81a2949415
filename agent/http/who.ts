import { createHash } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { Asker } from "../contract/inbound.js";
import type { Role } from "../contract/live-events.js";
import { HttpFault } from "./fault.js";
import type { Session } from "./sessions.js";

/** The asker of a request. */
export interface Who {
  readonly role: Role;
  readonly address: string;
  /** Null where it shows a token instead, or needs neither. */
  readonly session: Session | null;
  /** A program that shows its token with the request itself: no other site's page can have it do so. */
  readonly showsToken: boolean;
}

/** The decorator of requests that holds it. */
export const WHO = "who";

/** @throws HttpFault 401 where nobody is known */
export function whoAsks(request: FastifyRequest): Who {
  const who = request.getDecorator<Who | null>(WHO);
  if (who === null) throw new HttpFault(401, "HTTP_UNAUTHORIZED", "this needs Authorization: Bearer <token>");
  return who;
}

export function askerOf({ role, address, session }: Who): Asker {
  return { role, address, session: session?.id ?? null };
}

/** @throws HttpFault 403 for who may only look */
export function requireActing({ role }: Who): void {
  if (role === "act") return;
  throw new HttpFault(403, "HTTP_LOOKS_ONLY", "this token may look, and not act");
}

/**
 * A browser sends its cookie, and is on this machine, whoever's page it shows: acting needs the browser's word that the page is the agent's own
 * (RFC 6454, 7.3; Fetch Metadata), which no page can forge. A token in the request itself is proof enough.
 * @throws HttpFault 403
 */
export function requireOwnPage({ headers }: FastifyRequest, who: Pick<Who, "showsToken"> | null): void {
  if (who?.showsToken === true || isOwnPage(headers)) return;
  const message =
    "this needs a token, or the word of a browser that the agent's own page asks (Origin, Sec-Fetch-Site)";
  throw new HttpFault(403, "HTTP_ORIGIN_UNPROVEN", message);
}

type Headers = FastifyRequest["headers"];

function isOwnPage(headers: Headers): boolean {
  return isOwnOrigin(headers) && (headers.origin !== undefined || headers["sec-fetch-site"] === "same-origin");
}

/** Whether the page that asks, if one does, is the agent's own. */
export function isOwnOrigin({ origin, host = "", "sec-fetch-site": site }: Headers): boolean {
  const own = origin === undefined || origin.toLowerCase().replace(/^https?:\/\//, "") === host.toLowerCase();
  return own && (site === undefined || site === "same-origin" || site === "none");
}

/**
 * The name of the session's cookie. A browser has one jar for all ports of a host: two agents on one machine must not take
 * each other's.
 */
export function cookieName(agent: string): string {
  return `retort_session_${createHash("sha256").update(agent).digest("hex").slice(0, 8)}`;
}

/** RFC 6265, 4.2. */
export function cookieIn(name: string, { cookie = "" }: Headers): string | null {
  for (const pair of cookie.split(";")) {
    const [key, value] = pair.trim().split("=", 2);
    if (key === name && value !== undefined) return value;
  }
  return null;
}
