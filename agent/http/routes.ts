import type { FastifyInstance } from "fastify";
import { maskText } from "../../config/mask.js";
import { timestamp } from "../contract/payloads.js";
import { HttpFault } from "./fault.js";
import type { Metrics } from "./metrics.js";
import { addPictureRoute } from "./pictures.js";
import { unready } from "./readiness.js";
import type { Streams } from "./streams.js";
import type { AgentView, CameraView } from "./view.js";

/** The routes, as openapi.yaml describes them. */
export const paths = [
  "/",
  "/healthz",
  "/readyz",
  "/metrics",
  "/api/cameras",
  "/api/alerts",
  "/api/alerts/{id}/evidence.jpg",
  "/api/commands",
  "/api/inspect/{name}",
  "/stream/{camera}",
] as const;

export interface RouteDeps {
  readonly view: AgentView;
  readonly metrics: Metrics;
  readonly streams: Streams;
  readonly version: string;
}

export function addRoutes(app: FastifyInstance, deps: RouteDeps): void {
  healthRoutes(app, deps);
  cameraRoutes(app, deps);
  alertRoutes(app, deps);
  commandRoutes(app, deps);
  addPictureRoute(app, deps.view);
}

/** The routes for supervisors and monitoring. */
function healthRoutes(app: FastifyInstance, { view, metrics, version }: RouteDeps): void {
  app.get("/", () => ({ agent: view.config.agent.id, version, routes: paths }));
  app.get("/healthz", () => ({ ok: true }));
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

function commandRoutes(app: FastifyInstance, { view }: RouteDeps): void {
  app.get("/api/commands", () => ({ commands: view.commands() }));
}

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
