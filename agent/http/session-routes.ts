/** The routes by which a browser shows its token once: /api/session. */
import type { FastifyInstance } from "fastify";
import type { SessionAnswer, SessionRequest } from "../contract/live-events.js";
import { timestamp } from "../contract/payloads.js";
import type { Logger } from "../kit/log.js";
import { HttpFault } from "./fault.js";
import type { Guard } from "./guard.js";
import type { Session, Sessions } from "./sessions.js";
import { requireOwnPage, whoAsks } from "./who.js";

export interface SessionRoutesDeps {
  readonly guard: Guard;
  readonly sessions: Sessions;
  /** The name of the sessions' cookie. */
  readonly cookie: string;
  readonly agent: string;
  readonly version: string;
  readonly tokenNeeded: boolean;
  /** As `openSessions` was given. */
  readonly nowMs: () => number;
  readonly log: Logger;
}

export const SESSION_PATH = "/api/session";

const body = {
  type: "object",
  additionalProperties: false,
  properties: { token: { type: "string", maxLength: 512 } },
} as const;

export function addSessionRoutes(app: FastifyInstance, deps: SessionRoutesDeps): void {
  const { guard, sessions, cookie, agent, version, tokenNeeded, nowMs, log } = deps;
  const answer = (role: SessionAnswer["role"], session: Session | null): SessionAnswer => ({
    role,
    agent,
    version,
    tokenNeeded,
    session: session === null ? null : { id: session.id, until: timestamp(Date.now() + session.untilMs - nowMs()) },
  });
  const cookieOf = (value: string, seconds: number): string =>
    `${cookie}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}`;
  void app.register(async (scope) => {
    // JSON alone: a form of another site can send none.
    scope.addContentTypeParser("application/json", { parseAs: "string" }, scope.getDefaultJsonParser("error", "error"));
    scope.post<{ Body: SessionRequest }>(SESSION_PATH, { schema: { body } }, async (request, reply) => {
      requireOwnPage(request, null);
      const role = await guard.exchange(request.body.token, request, reply);
      const { session, name } = sessions.begin(role, request.ip);
      log.info(`HTTP: session ${session.id} of ${session.address} begins, to ${role}`);
      const seconds = Math.round((session.untilMs - nowMs()) / 1_000);
      return reply.header("Set-Cookie", cookieOf(name, seconds)).send(answer(role, session));
    });
  });
  app.get(SESSION_PATH, (request) => {
    const { role, session } = whoAsks(request);
    return answer(role, session);
  });
  app.delete(SESSION_PATH, async (request, reply) => {
    const { session } = whoAsks(request);
    if (session === null) throw new HttpFault(404, "HTTP_SESSION_NONE", "there is no session to end");
    sessions.end(session);
    log.info(`HTTP: session ${session.id} of ${session.address} ends`);
    return reply.code(204).header("Set-Cookie", cookieOf("", 0)).send();
  });
}
