import { createHash, timingSafeEqual } from "node:crypto";
import { readSecretFile } from "../../config/secret-file.js";
import type { HttpConfig } from "../../config/types.js";
import { CodedError, messageOf } from "../../errors.js";
import type { Role } from "../contract/live-events.js";

/** Below this it can be guessed. */
const SHORTEST = 16;

/** Who may ask, by what they show. */
export interface Tokens {
  /** Null where it is wrong; in constant time. */
  roleOf(token: string): Role | null;
}

/** @returns null where no token is needed @throws CodedError as `tokenIn`, and HTTP_TOKENS_ALIKE */
export async function tokensOf({ tokenFile, viewTokenFile }: HttpConfig): Promise<Tokens | null> {
  if (tokenFile === null) return null;
  const act = hashOf(await tokenIn(tokenFile, "http.tokenFile"));
  const look = viewTokenFile === null ? null : hashOf(await tokenIn(viewTokenFile, "http.viewTokenFile"));
  if (look?.equals(act) === true) {
    const message = "those who may look and those who may act show the same token";
    throw new CodedError("HTTP_TOKENS_ALIKE", message, { at: "http.viewTokenFile" });
  }
  return {
    roleOf: (token) => {
      const shown = hashOf(token);
      const acts = timingSafeEqual(shown, act);
      const looks = look !== null && timingSafeEqual(shown, look);
      if (acts) return "act";
      return looks ? "look" : null;
    },
  };
}

/**
 * The first line of the file.
 * @throws CodedError HTTP_TOKEN_UNREADABLE or HTTP_TOKEN_INVALID; never with what the file holds
 */
export async function tokenIn(file: string, at: "http.tokenFile" | "http.viewTokenFile"): Promise<string> {
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

function hashOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
