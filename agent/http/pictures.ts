/** The route that judges a picture: POST /api/inspect/<camera or model>. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { CodedError } from "../../errors.js";
import { imageSize, type Size } from "../../models/pictures/images.js";
import { HttpFault } from "./fault.js";
import type { AgentView, PictureJudge } from "./view.js";

const MEBIBYTE = 1_048_576;
/** Of a picture's file. */
const MOST_BYTES = 32 * MEBIBYTE;
/** Of a picture: decoding some kinds takes six bytes for each. */
const MOST_PIXELS = 50_000_000;
/** Pictures that are being received, wait or are judged: each is held in memory. */
const MOST_WAITING = 4;
const RETRY_S = 1;

/** The kinds of picture, by their first bytes. */
const SIGNATURES: readonly Buffer[] = [Buffer.from("ffd8ff", "hex"), Buffer.from("89504e470d0a1a0a", "hex")];

interface NamedRoute {
  readonly Params: { readonly name: string };
}

/** Adds the route, with parsers of its own: no other route takes a body. */
export function addPictureRoute(app: FastifyInstance, view: Pick<AgentView, "judgeOf">): void {
  void app.register(async (scope) => {
    scope.addContentTypeParser(
      ["image/jpeg", "image/png"],
      { parseAs: "buffer" },
      async (_request: FastifyRequest, body: Buffer) => body,
    );
    let taken = 0;
    scope.post<NamedRoute>("/api/inspect/:name", {
      bodyLimit: MOST_BYTES,
      // Before the body is read: who cannot be served sends it for nothing.
      onRequest: async ({ params }, reply) => {
        judgeOf(params.name, view, reply);
        if (taken >= MOST_WAITING) throw away(reply, "HTTP_INSPECT_BUSY", "as many pictures wait as may");
        taken += 1;
        reply.raw.once("close", () => {
          taken -= 1;
        });
      },
      handler: async ({ params, body }, reply) => {
        const picture = await requirePicture(body);
        const gone = new AbortController();
        reply.raw.once("close", () => gone.abort());
        const verdict = await judgeOf(params.name, view, reply).inspect(picture, gone.signal);
        // Nobody is there any more to be answered.
        return verdict ?? reply.hijack();
      },
    });
  });
}

/** @throws HttpFault 404, 409, 503 */
function judgeOf(name: string, view: Pick<AgentView, "judgeOf">, reply: FastifyReply): PictureJudge {
  const found = view.judgeOf(name);
  switch (found.kind) {
    case "judge":
      return found.judge;
    case "unknown":
      throw new HttpFault(
        404,
        "HTTP_INSPECT_UNKNOWN",
        `there is neither a camera nor a model of this name; there are ${found.names.join(", ")}`,
      );
    case "disabled":
      throw new HttpFault(409, "HTTP_CAMERA_DISABLED", "this camera is disabled, and its model is not loaded");
    case "not-loaded":
      throw away(reply, "HTTP_MODEL_AWAY", "the model is not loaded: it is while an enabled camera uses it");
  }
}

function away(reply: FastifyReply, code: "HTTP_INSPECT_BUSY" | "HTTP_MODEL_AWAY", message: string): HttpFault {
  void reply.header("Retry-After", RETRY_S);
  return new HttpFault(503, code, message);
}

/** The bytes of a JPEG or PNG file of an acceptable size, whole or not. @throws HttpFault 400, 413, 415 */
async function requirePicture(body: unknown): Promise<Buffer> {
  if (!Buffer.isBuffer(body) || body.length === 0) {
    throw new HttpFault(400, "HTTP_BAD_REQUEST", "the request's body is to be a picture, and is empty");
  }
  if (!SIGNATURES.some((signature) => body.subarray(0, signature.length).equals(signature))) {
    throw new HttpFault(415, "HTTP_MEDIA_TYPE", "the request's body is neither a JPEG nor a PNG file");
  }
  const size = await sizeOf(body);
  if (size !== null && size.width * size.height > MOST_PIXELS) {
    const message = `the picture has ${size.width} x ${size.height} pixels, the limit is ${MOST_PIXELS}`;
    throw new HttpFault(413, "HTTP_PICTURE_TOO_LARGE", message);
  }
  return body;
}

/** Null where the header is damaged: the verdict says so. */
async function sizeOf(picture: Buffer): Promise<Size | null> {
  try {
    return await imageSize(picture);
  } catch (error) {
    if (error instanceof CodedError) return null;
    throw error;
  }
}
