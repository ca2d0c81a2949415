import type { ErrorCode } from "../../errors.js";
/** An error as the client sees it: no stack, no path of this machine. */
export class HttpFault extends Error {
  readonly statusCode: number;
  /** Stable, upper snake case. */
  readonly code: ErrorCode;

  constructor(statusCode: number, code: ErrorCode, message: string) {
    super(message);
    this.statusCode = statusCode;
    this.code = code;
  }
}

export interface ErrorBody {
  readonly error: { readonly code: ErrorCode; readonly message: string };
}

export function errorBody(code: ErrorCode, message: string): ErrorBody {
  return { error: { code, message } };
}

/** Statuses that fastify and Node's parser give of their own. */
const known: Readonly<Record<number, readonly [code: ErrorCode, message: string]>> = {
  400: ["HTTP_BAD_REQUEST", "the request is malformed"],
  404: ["HTTP_NOT_FOUND", "there is nothing at this address"],
  408: ["HTTP_REQUEST_TIMEOUT", "the request took too long to arrive"],
  413: ["HTTP_BODY_TOO_LARGE", "the request's body is too large"],
  414: ["HTTP_URL_TOO_LONG", "a part of the address is too long"],
  415: [
    "HTTP_MEDIA_TYPE",
    "the request's Content-Type is not taken here; that of a picture is image/jpeg or image/png, that of a command application/json",
  ],
  431: ["HTTP_HEADERS_TOO_LARGE", "the request's headers are too large"],
  503: ["HTTP_STOPPING", "the agent is stopping"],
};

/** Any thrown value as what a client may see of it. */
export function asFault(error: unknown): HttpFault {
  if (error instanceof HttpFault) return error;
  const details = typeof error === "object" && error !== null ? error : {};
  // The schema's own words name the parameter, and nothing of this machine.
  if ("validation" in details && error instanceof Error)
    return new HttpFault(400, "HTTP_PARAMETER_INVALID", error.message);
  const status = "statusCode" in details && typeof details.statusCode === "number" ? details.statusCode : 500;
  const [code, message] = known[status] ?? [];
  if (code !== undefined && message !== undefined) return new HttpFault(status, code, message);
  return new HttpFault(500, "HTTP_INTERNAL", "the agent could not answer; its log says why");
}
