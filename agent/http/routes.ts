import type { FastifyInstance, FastifyRequest } from "fastify";
import { maskText } from "../../config/mask.js";
import { timestamp } from "../contract/payloads.js";
import { type Assets, addAssets, sendAsset, wantsPage } from "./assets.js";
import { addCommandRoutes } from "./command-routes.js";
import { HttpFault } from "./fault.js";
import { addLearningRoute } from "./learning-routes.js";
import { addLiveRoutes, type LiveRoutesDeps } from "./live-routes.js";
import type { Metrics } from "./metrics.js";
import { addPictureRoute } from "./pictures.js";
import { unready } from "./readiness.js";
import { addSessionRoutes, SESSION_PATH, type SessionRoutesDeps } from "./session-routes.js";
import type { Streams } from "./streams.js";
import type { AgentView, CameraView } from "./view.js";
import { isOwnOrigin } from "./who.js";

/** The routes, as openapi.yaml describes them. */
export const paths = [
  "/",
  "/healthz",
  "/readyz",
  "/metrics",
  "/api/session",
  "/api/events",
  "/api/cameras",
  "/api/cameras/{camera}/scores",
  "/api/cameras/{camera}/threshold-preview",
  "/api/alerts",
  "/api/alerts/{id}/evidence.jpg",
  "/api/commands",
  "/api/commands/{command}",
  "/api/inspect/{name}",
  "/api/learning",
  "/stream/{camera}",
] as const;

export interface RouteDeps extends LiveRoutesDeps, SessionRoutesDeps {
  readonly metrics: Metrics;
  readonly streams: Streams;
  readonly assets: Assets;
}

export function addRoutes(app: FastifyInstance, deps: RouteDeps): void {
  healthRoutes(app, deps);
  cameraRoutes(app, deps);
  alertRoutes(app, deps);
  addCommandRoutes(app, deps.view);
  addSessionRoutes(app, deps);
  addLiveRoutes(app, deps);
  addLearningRoute(app, deps.view);
  addAssets(app, deps.assets);
  addPictureRoute(app, deps.view);
}

/**
 * Whether a request is for what everybody may have: whether the process is alive, as a supervisor restarts what does not answer; the page,
 * which shows nothing yet; the exchange of a token for a session, which looks at the token itself.
 */
export function isOpen({ files }: Assets, { method, routeOptions: { url }, headers }: FastifyRequest): boolean {
  if (url === undefined) return false;
  if (method === "POST") return url === SESSION_PATH;
  return url === "/healthz" || files.has(url) || (url === "/" && wantsPage(headers.accept));
}

/** The routes for supervisors and monitoring. */
function healthRoutes(app: FastifyInstance, { view, metrics, assets, version }: RouteDeps): void {
  app.get("/", ({ headers: { accept } }, reply) => {
    void reply.header("Vary", "Accept");
    return wantsPage(accept) ? sendAsset(reply, assets.page) : { agent: view.config.agent.id, version, routes: paths };
  });
  app.get("/healthz", async (_request, reply) => {
    const reasons = view.stuck();
    return reply.code(reasons.length === 0 ? 200 : 503).send({ ok: reasons.length === 0, reasons });
  });
  app.get("/readyz", async (_request, reply) => {
    const reasons = unready(view);
    return reply.code(reasons.length === 0 ? 200 : 503).send({ ready: reasons.length === 0, reasons });
  });
  app.get("/metrics", async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
}

const RETRY_S = 5;

function cameraRoutes(app: FastifyInstance, { view, streams }: RouteDeps): void {
  app.get("/api/cameras", () => ({ cameras: view.cameras.map((camera) => cameraOf(camera, view)) }));
  // HEAD would be a stream as well.
  app.get<{ Params: { camera: string } }>("/stream/:camera", { exposeHeadRoute: false }, (request, reply) => {
    const { camera } = request.params;
    if (!isOwnOrigin(request.headers)) {
      throw new HttpFault(403, "HTTP_ORIGIN_REFUSED", "pages of another origin may ask for nothing here");
    }
    const found = view.cameras.find(({ config }) => config.id === camera);
    if (found === undefined) {
      throw new HttpFault(404, "HTTP_CAMERA_UNKNOWN", "there is no camera of this name");
    }
    if (!found.enabled) {
      throw new HttpFault(409, "HTTP_CAMERA_DISABLED", "this camera is disabled: it has no pictures");
    }
    if (!streams.free()) {
      void reply.header("Retry-After", RETRY_S);
      throw new HttpFault(503, "HTTP_STREAMS_FULL", "as many clients look on as are allowed (http.maxStreams)");
    }
    reply.hijack();
    streams.serve(camera, reply.raw, reply.getHeaders());
  });
}

/** A camera in the form of the API; without its source's address, which may hold what is not for everybody. */
function cameraOf(camera: CameraView, { inForce }: AgentView): object {
  const { config, enabled, standing, threshold, ledger, parts, drift } = camera;
  const { state, reason, sinceMs } = standing;
  return {
    id: config.id,
    enabled,
    model: config.model,
    source: config.source.type,
    state,
    reason: reason === null ? null : maskText(reason),
    since: timestamp(sinceMs),
    threshold: threshold(),
    inForce: inForce(camera),
    frames: ledger.counts(),
    parts,
    drift,
    stream: `/stream/${encodeURIComponent(config.id)}`,
  };
}

/** One answer is made on the main thread: this many are a few milliseconds. */
const MOST_ALERTS = 500;

const alertsQuery = {
  type: "object",
  additionalProperties: false,
  properties: {
    camera: { type: "string", minLength: 1, maxLength: 200 },
    since: { type: "string", format: "date-time", maxLength: 40 },
    limit: { type: "integer", minimum: 1, maximum: MOST_ALERTS, default: 100 },
  },
} as const;

interface AlertsQuery {
  readonly camera?: string;
  readonly since?: string;
  readonly limit: number;
}

const alertParams = {
  type: "object",
  required: ["id"],
  properties: { id: { type: "string", pattern: "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$" } },
} as const;

function alertRoutes(app: FastifyInstance, { view }: RouteDeps): void {
  app.get<{ Querystring: AlertsQuery }>("/api/alerts", { schema: { querystring: alertsQuery } }, ({ query }) => {
    const { camera, since, limit } = query;
    const alerts = view.alertsOf({
      limit,
      ...(camera === undefined ? {} : { camera }),
      ...(since === undefined ? {} : { sinceMs: Date.parse(since) }),
    });
    return { alerts };
  });
  app.get<{ Params: { id: string } }>(
    "/api/alerts/:id/evidence.jpg",
    { schema: { params: alertParams } },
    async ({ params }, reply) => {
      const jpeg = await view.evidence.read(params.id);
      if (jpeg === null) {
        throw new HttpFault(404, "HTTP_EVIDENCE_NONE", "there is no picture of this alert, or none any more");
      }
      return reply.type("image/jpeg").send(Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength));
    },
  );
}
