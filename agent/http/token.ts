import { readFile } from "node:fs/promises";
import { CodedError, errnoOf } from "../../errors.js";

/** Below this it can be guessed. */
const SHORTEST = 16;

/**
 * The first line of the file.
 * @throws CodedError HTTP_TOKEN_UNREADABLE or HTTP_TOKEN_INVALID; never with what the file holds
 */
export async function tokenIn(file: string): Promise<string> {
  const at = "http.tokenFile";
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const remedy = "Point to a file that this user may read.";
    // Without the path: where a token's file is wanted, the token itself is soon written.
    throw new CodedError("HTTP_TOKEN_UNREADABLE", `cannot read the token: ${errnoOf(error)}`, { at, remedy });
  }
  const token = text.split(/\r?\n/, 1)[0]!.trim();
  // RFC 6750, 2.1: b64token.
  if (token.length < SHORTEST || !/^[\w.~+/-]+=*$/.test(token)) {
    const message = `a token has ${SHORTEST} characters or more, of letters, digits and - . _ ~ + /`;
    throw new CodedError("HTTP_TOKEN_INVALID", message, { at, remedy: "Make one with: openssl rand -hex 32" });
  }
  return token;
}
