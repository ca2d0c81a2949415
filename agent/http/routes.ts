import type { FastifyInstance } from "fastify";
import type { Metrics } from "./metrics.js";
import { unready } from "./readiness.js";
import type { AgentView } from "./view.js";

export interface RouteDeps {
  readonly view: AgentView;
  readonly metrics: Metrics;
  readonly version: string;
}

/** As in openapi.yaml, which is checked against it. */
export const paths: readonly string[] = ["/healthz", "/readyz", "/metrics"];

/** What is asked by whoever watches over the agent. */
export function healthRoutes(app: FastifyInstance, { view, metrics, version }: RouteDeps): void {
  app.get("/", () => ({
    agent: view.config.agent.id,
    version,
    routes: paths,
  }));
  app.get("/healthz", () => ({ ok: true }));
  app.get("/readyz", async (_request, reply) => {
    const reasons = unready(view);
    return reply.code(reasons.length === 0 ? 200 : 503).send({ ready: reasons.length === 0, reasons });
  });
  app.get("/metrics", async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
}
