/** The routes that the live view asks: its events, histories of scores, what another threshold would have meant. */
import type { FastifyInstance } from "fastify";
import type { ScoresAnswer, ThresholdPreview } from "../contract/live-events.js";
import type { EventFeed } from "./event-feed.js";
import { HttpFault } from "./fault.js";
import type { Lately } from "./lately.js";
import type { Sessions } from "./sessions.js";
import type { AgentView, CameraView } from "./view.js";
import { isOwnOrigin, whoAsks } from "./who.js";

export interface LiveRoutesDeps {
  readonly view: AgentView;
  readonly lately: Lately;
  readonly feed: EventFeed;
  readonly sessions: Sessions;
}

const RETRY_S = 5;

interface EventsQuery {
  readonly pictures?: string;
  readonly fps: number;
}

const eventsQuery = {
  type: "object",
  additionalProperties: false,
  properties: {
    pictures: { type: "string", maxLength: 4_000 },
    fps: { type: "number", exclusiveMinimum: 0, maximum: 120, default: 5 },
  },
} as const;

const previewQuery = {
  type: "object",
  additionalProperties: false,
  required: ["threshold"],
  properties: { threshold: { type: "number", exclusiveMinimum: 0, maximum: 1e9 } },
} as const;

const scoresQuery = {
  type: "object",
  additionalProperties: false,
  properties: { minutes: { type: "integer", minimum: 1, maximum: 60, default: 60 } },
} as const;
/** Steps of a history: more than a chart has pixels for them. */
const MOST_STEPS = 720;

export function addLiveRoutes(app: FastifyInstance, { view, lately, feed, sessions }: LiveRoutesDeps): void {
  // HEAD would be a stream as well.
  app.get<{ Querystring: EventsQuery }>(
    "/api/events",
    { exposeHeadRoute: false, schema: { querystring: eventsQuery } },
    (request, reply) => {
      if (!isOwnOrigin(request.headers)) {
        throw new HttpFault(403, "HTTP_ORIGIN_REFUSED", "pages of another origin may ask for nothing here");
      }
      const { role, session } = whoAsks(request);
      const { fps } = request.query;
      const cameras = camerasIn(request.url);
      for (const id of cameras) cameraOf(id, view);
      const mayLook = (): boolean => session === null || sessions.stands(session);
      const looker = { role, mayLook, pictures: cameras, fps: Math.min(fps, view.config.http.streamFps) };
      if (!feed.free()) {
        void reply.header("Retry-After", RETRY_S);
        throw new HttpFault(503, "HTTP_STREAMS_FULL", "as many clients look on as are allowed (http.maxStreams)");
      }
      reply.hijack();
      feed.serve(looker, reply.raw, reply.getHeaders());
    },
  );
  app.get<{ Params: { camera: string }; Querystring: { threshold: number } }>(
    "/api/cameras/:camera/threshold-preview",
    { schema: { querystring: previewQuery } },
    ({ params, query }): ThresholdPreview => {
      const camera = cameraOf(params.camera, view);
      const { hour } = lately.of(params.camera);
      const counts = hour.preview(query.threshold, camera.threshold(), performance.now(), Date.now());
      const unit = camera.parts === null ? "frame" : "part";
      return { camera: params.camera, threshold: query.threshold, unit, ...counts };
    },
  );
  app.get<{ Params: { camera: string }; Querystring: { minutes: number } }>(
    "/api/cameras/:camera/scores",
    { schema: { querystring: scoresQuery } },
    ({ params, query }): ScoresAnswer => {
      cameraOf(params.camera, view);
      const seconds = query.minutes * 60;
      const stepS = Math.ceil(seconds / MOST_STEPS);
      return { camera: params.camera, ...lately.of(params.camera).scores.history(Date.now(), seconds, stepS) };
    },
  );
}

/** The cameras that `pictures` names: as they stand in the address, for an id may hold a comma, which is then escaped. */
function camerasIn(url: string): readonly string[] {
  const [, named = ""] = /[?&]pictures=([^&]*)/.exec(url) ?? [];
  const unescaped = (id: string): string => new URLSearchParams(`id=${id}`).get("id") ?? "";
  return named === "" ? [] : [...new Set(named.split(",").map(unescaped))];
}

/** @throws HttpFault 404 */
function cameraOf(id: string, { cameras }: AgentView): CameraView {
  const found = cameras.find(({ config }) => config.id === id);
  if (found === undefined) throw new HttpFault(404, "HTTP_CAMERA_UNKNOWN", "there is no camera of this name");
  return found;
}
