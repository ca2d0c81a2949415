import type { AddressInfo } from "node:net";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isLoopback } from "../../config/loopback.js";
import type { HttpConfig } from "../../config/types.js";
import { CodedError, messageOf } from "../../errors.js";
import { encodeQuickJpeg } from "../../models/pictures/images.js";
import { moment, realClock } from "../kit/clock.js";
import { keepTrying } from "../kit/keep-trying.js";
import type { Logger } from "../kit/log.js";
import type { Frame } from "../types.js";
import { type Limits, openApp } from "./app.js";
import { readAssets } from "./assets.js";
import { openEventFeed } from "./event-feed.js";
import { guard } from "./guard.js";
import { watchLately } from "./lately.js";
import { openLive } from "./live.js";
import { liveState } from "./live-state.js";
import { openMetrics } from "./metrics.js";
import { addRoutes, isOpen } from "./routes.js";
import { openSeats } from "./seats.js";
import { openSessions } from "./sessions.js";
import { openStreams, type StreamsOptions } from "./streams.js";
import { tokensOf } from "./token.js";
import type { AgentView } from "./view.js";
import { cookieName } from "./who.js";

export interface Http {
  /** Resolves when it listens, or the first try has failed and is logged. Never rejects. */
  readonly tried: Promise<void>;
  /** Null while it does not listen. */
  url(): string | null;
  /** Cuts every connection. Safe to call twice. */
  close(): Promise<void>;
}

export interface HttpOptions {
  /** The agent's. */
  readonly version: string;
  readonly log: Logger;
  readonly limits?: Partial<Limits>;
  /** Where `auto` begins. */
  readonly usualPort?: number;
  /** Not on this thread. */
  readonly encode?: (frame: Frame) => Promise<Uint8Array>;
  readonly streams?: Pick<StreamsOptions, "stallMs">;
  readonly random?: () => number;
}

const limits = { headersMs: 5_000, requestMs: 10_000, silenceMs: 30_000 };

/**
 * Answers HTTP from now on. What keeps it from that (its port is taken, its token cannot be read) is logged once and tried
 * again: cameras never wait for it.
 */
export function openHttp(view: AgentView, options: HttpOptions): Http {
  const { log, version, usualPort = 8080 } = options;
  const { http } = view.config;
  const live = openLive({
    encode: options.encode ?? (({ pixels, size }) => encodeQuickJpeg(pixels, size)),
    fps: http.streamFps,
    onFailed: (reason) => log.error(`HTTP_STREAM_PICTURE: ${reason}`),
  });
  const watching = view.cameras.map(({ outcomes$ }) =>
    outcomes$.subscribe((outcome) => {
      if (outcome.kind === "inspected") live.push(outcome.inspection);
    }),
  );
  const seats = openSeats(http.maxStreams);
  const streams = openStreams({ live, seats, ...options.streams });
  const lately = watchLately(view.cameras, view.verdicts$);
  const state = liveState({ view, lately, version, since: moment(realClock) });
  const feed = openEventFeed({ view, state, lately, live, seats, ...options.streams });
  const metrics = openMetrics(view, { version, streams, feed });
  const nowMs = (): number => performance.now();
  const sessions = openSessions(nowMs);
  const cookie = cookieName(view.config.agent.id);
  let app: FastifyInstance | null = null;

  const listen = async (on: FastifyInstance): Promise<void> => {
    const { host, port } = http;
    if (port !== "auto") {
      await on.listen({ host, port });
      return;
    }
    try {
      await on.listen({ host, port: usualPort });
    } catch (error) {
      if (codeOf(error) !== "EADDRINUSE") throw error;
      await on.listen({ host, port: 0 });
      log.info(`port ${usualPort} is another program's: HTTP takes a free one`);
    }
  };

  const attempt = async (): Promise<void> => {
    const tokens = await tokensOf(http);
    const assets = await readAssets();
    app = openApp({ ...limits, maxConnections: http.maxConnections, ...options.limits }, (reason) =>
      log.error(`HTTP_INTERNAL: ${reason}`),
    );
    try {
      const guarding = { tokens, sessions, cookie, isOpen: (request: FastifyRequest) => isOpen(assets, request) };
      const guarded = await guard(app, { ...guarding, hosts: hostsOf(http) });
      const { id: agent } = view.config.agent;
      const session = { guard: guarded, sessions, cookie, agent, version, tokenNeeded: tokens !== null, nowMs, log };
      addRoutes(app, { ...session, view, metrics, streams, assets, lately, feed });
      await listen(app);
    } catch (error) {
      await app.close();
      app = null;
      throw error;
    }
    log.info(`live view: ${urlOf(app)}`);
  };

  const trying = keepTrying(attempt, { faultOf: (error) => faultOf(error, http), log, random: options.random });
  return {
    tried: trying.tried,
    url: () => urlOf(app),
    close: async () => {
      await trying.stop();
      await app?.close();
      app = null;
      for (const subscription of watching) subscription.unsubscribe();
      feed.close();
      lately.close();
      live.close();
      metrics.close();
    },
  };
}

/** Beyond loopback the token guards: a page elsewhere has none. */
function hostsOf({ host, names }: HttpConfig): ReadonlySet<string> | null {
  if (!isLoopback(host)) return null;
  return new Set(["localhost", "127.0.0.1", "[::1]", host, ...names.map((name) => name.toLowerCase())]);
}

function urlOf(app: FastifyInstance | null): string | null {
  const address = app?.server.address() as AddressInfo | string | null | undefined;
  if (address === null || address === undefined || typeof address === "string") return null;
  return `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}/`;
}

function faultOf(error: unknown, { host, port }: HttpConfig): CodedError {
  if (error instanceof CodedError) return error;
  const details = (at: string, remedy: string) => ({ at, remedy, cause: error });
  const message = `cannot listen on ${host}, port ${port}: ${messageOf(error)}`;
  switch (codeOf(error)) {
    case "EADDRINUSE":
      return new CodedError("HTTP_PORT_TAKEN", message, details("http.port", "Free the port, or set http.port."));
    case "EACCES":
      return new CodedError("HTTP_PORT_FORBIDDEN", message, details("http.port", "Choose one above 1023."));
    default:
      return new CodedError("HTTP_FAILED", message, details("http.host", "Check http.host."));
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
