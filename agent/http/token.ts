import { readSecretFile } from "../../config/secret-file.js";
import { CodedError, messageOf } from "../../errors.js";

/** Below this it can be guessed. */
const SHORTEST = 16;

/**
 * The first line of the file.
 * @throws CodedError HTTP_TOKEN_UNREADABLE or HTTP_TOKEN_INVALID; never with what the file holds
 */
export async function tokenIn(file: string): Promise<string> {
  const at = "http.tokenFile";
  const line = await readSecretFile(file).catch((error: unknown) => {
    throw new CodedError("HTTP_TOKEN_UNREADABLE", `cannot read the token: ${messageOf(error)}`, { at });
  });
  const token = line.trim();
  // RFC 6750, 2.1: b64token.
  if (token.length < SHORTEST || !/^[\w.~+/-]+=*$/.test(token)) {
    const message = `a token has ${SHORTEST} characters or more, of letters, digits and - . _ ~ + /`;
    throw new CodedError("HTTP_TOKEN_INVALID", message, { at });
  }
  return token;
}
