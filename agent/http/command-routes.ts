/** The routes of commands: what was asked for, and POST /api/commands/<command>, by the schemas of MQTT and with its answers. */
import type { FastifyInstance } from "fastify";
import type { ErrorCode } from "../../errors.js";
import { commandIn, MOST_COMMAND_BYTES } from "../contract/command-payload.js";
import { type CommandOutcome, replyPayload } from "../contract/payloads.js";
import type { AgentView } from "./view.js";
import { askerOf, requireActing, requireOwnPage, whoAsks } from "./who.js";

/** Of replies whose status is another than what fits most: understood, and not done. */
const STATUSES: Readonly<Partial<Record<ErrorCode, number>>> = {
  COMMAND_BUSY: 503,
  COMMAND_FAILED: 500,
  COMMAND_ID_MISSING: 400,
  COMMAND_INVALID: 400,
  COMMAND_STOPPED: 503,
  COMMAND_TIMEOUT: 504,
  COMMAND_UNKNOWN: 404,
  PAYLOAD_INVALID: 400,
  PAYLOAD_TOO_LARGE: 413,
};
const NOT_DONE = 422;

const params = {
  type: "object",
  required: ["command"],
  properties: { command: { type: "string", pattern: "^[a-z-]{1,64}$" } },
} as const;

export function addCommandRoutes(app: FastifyInstance, view: Pick<AgentView, "commands" | "perform">): void {
  app.get("/api/commands", () => ({ commands: view.commands() }));
  void app.register(async (scope) => {
    scope.addContentTypeParser(
      "application/json",
      { parseAs: "buffer" },
      async (_request: unknown, body: Buffer) => body,
    );
    scope.post<{ Params: { command: string } }>("/api/commands/:command", {
      bodyLimit: MOST_COMMAND_BYTES,
      schema: { params },
      // Before the body is read.
      onRequest: async (request) => {
        const who = whoAsks(request);
        requireActing(who);
        requireOwnPage(request, who);
      },
      handler: async (request, reply) => {
        const { command } = request.params;
        const who = askerOf(whoAsks(request));
        const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const { id, args, fault } = commandIn(bytes, `/api/commands/${command}`);
        // A calibration takes a minute, in which nothing is said.
        request.raw.socket.setTimeout(0);
        const outcome = await new Promise<CommandOutcome>((answer) => {
          const by = `${who.address}${who.session === null ? "" : `, session ${who.session}`}`;
          view.perform({ command, id, args, via: "http", by, from: who, fault, reply: answer });
        });
        const status = outcome.ok ? 200 : (STATUSES[outcome.code] ?? NOT_DONE);
        return reply.code(status).send(replyPayload(id, outcome));
      },
    });
  });
}
