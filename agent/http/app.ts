import type { Socket } from "node:net";
import { type FastifyInstance, type FastifyReply, fastify } from "fastify";
import { messageOf } from "../../errors.js";
import { asFault, errorBody, HttpFault } from "./fault.js";

export interface Limits {
  readonly maxConnections: number;
  /** From a connection's first byte to the end of its request's headers. */
  readonly headersMs: number;
  /** The same to the end of its body. */
  readonly requestMs: number;
  /** A connection that neither sends nor takes anything; streams have their own. */
  readonly silenceMs: number;
}

const HEADER_BYTES = 8_192;
/** Of a body; the one route that takes some has a limit of its own. */
const BODY_BYTES = 1_024;
/** Of one parameter: a camera's id has 200 bytes at most, each three characters when escaped. */
const PARAMETER_CHARACTERS = 600;

/**
 * An empty server with its limits; errors are JSON `{error:{code,message}}`. The only file that imports fastify.
 * @param onInternal is given the reason of a fault that a client must not see
 */
export function openApp(limits: Limits, onInternal: (reason: string) => void): FastifyInstance {
  const answer = (error: unknown, reply: FastifyReply): void => {
    const fault = asFault(error);
    if (fault.code === "HTTP_INTERNAL") onInternal(messageOf(error));
    void reply.code(fault.statusCode).send(errorBody(fault.code, fault.message));
  };
  const app = fastify({
    logger: false,
    bodyLimit: BODY_BYTES,
    routerOptions: { maxParamLength: PARAMETER_CHARACTERS },
    connectionTimeout: limits.silenceMs,
    requestTimeout: limits.requestMs,
    forceCloseConnections: true,
    // Behind a proxy, too: what a client claims about its address is not believed.
    trustProxy: false,
    // An unknown parameter is a mistake, not something to leave out in silence.
    ajv: { customOptions: { removeAdditional: false } },
    http: {
      maxHeaderSize: HEADER_BYTES,
      headersTimeout: limits.headersMs,
      connectionsCheckingInterval: Math.min(1_000, limits.headersMs / 2),
    },
    // Its type is of any reply there could be.
    frameworkErrors: (error, _request, reply) => answer(error, reply as FastifyReply),
    clientErrorHandler,
  });
  app.server.maxConnections = limits.maxConnections;
  app.server.maxHeadersCount = 100;
  // Nothing to parse, but for the one route: a body of any kind is refused with 415.
  app.removeAllContentTypeParsers();
  app.addHook("preHandler", async ({ query }) => requireFinite(query));
  app.setNotFoundHandler(() => {
    throw new HttpFault(404, "HTTP_NOT_FOUND", "there is nothing at this address");
  });
  app.setErrorHandler((error, _request, reply) => answer(error, reply));
  return app;
}

/** Ajv makes a number of "Infinity", and then looks at no bound of it. @throws HttpFault 400 */
function requireFinite(query: unknown): void {
  const values = typeof query === "object" && query !== null ? Object.values(query) : [];
  if (values.every((value) => typeof value !== "number" || Number.isFinite(value))) return;
  throw new HttpFault(400, "HTTP_PARAMETER_INVALID", "a number in the address is to be finite");
}

/** Requests that Node's parser gave up, before there is anything to reply with (llhttp's codes). */
function clientErrorHandler(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const statusCode = error.code === "HPE_HEADER_OVERFLOW" ? 431 : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
  const fault = asFault({ statusCode });
  const body = JSON.stringify(errorBody(fault.code, fault.message));
  const head = [
    `HTTP/1.1 ${statusCode} ${statusTexts[statusCode]}`,
    "Content-Type: application/json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  // The answer is flushed first; a client that goes on sending is not waited for.
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}

const statusTexts: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
};
