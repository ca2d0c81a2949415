import { createHash, randomBytes } from "node:crypto";
import type { Role } from "../contract/live-events.js";

/** A browser that showed a token once, or that needs none. */
export interface Session {
  /** The first characters of its name, for the log: it opens nothing. */
  readonly id: string;
  readonly role: Role;
  readonly address: string;
  /** By the clock that openSessions was given: it ends then at the latest. */
  readonly untilMs: number;
}

/** The sessions of browsers: in memory alone, so that a restart ends them all; bounded in number and time. */
export interface Sessions {
  /** Where there are as many as may be, the one that was not used for longest ends. @returns it, and its secret name */
  begin(role: Role, address: string): { readonly session: Session; readonly name: string };
  /** The session of that name, used from now on; null where there is none, or none any more. */
  use(name: string): Session | null;
  /** Whether it has not ended; it counts as used. */
  stands(session: Session): boolean;
  end(session: Session): void;
}

export interface SessionLimits {
  readonly most: number;
  /** Since its beginning. */
  readonly longestMs: number;
  /** Since it was last used: an open live view uses it all the time. */
  readonly unusedMs: number;
}

const HOUR_MS = 3_600_000;
export const SESSION_LIMITS: SessionLimits = { most: 64, longestMs: 7 * 24 * HOUR_MS, unusedMs: 12 * HOUR_MS };

interface Kept {
  readonly session: Session;
  readonly key: string;
  usedAtMs: number;
}

/** @param nowMs a monotonic clock: a board without a battery leaps by years when it hears the time */
export function openSessions(nowMs: () => number, limits: SessionLimits = SESSION_LIMITS): Sessions {
  /** By the hash of the name: how long a look-up takes tells nothing about names. The latest used last. */
  const byKey = new Map<string, Kept>();
  const bySession = new Map<Session, Kept>();

  const forget = ({ key, session }: Kept): void => {
    byKey.delete(key);
    bySession.delete(session);
  };
  /** It is used, if it has not ended. */
  const touch = (kept: Kept | undefined): Session | null => {
    if (kept === undefined) return null;
    const now = nowMs();
    if (now >= kept.session.untilMs || now - kept.usedAtMs >= limits.unusedMs) {
      forget(kept);
      return null;
    }
    kept.usedAtMs = now;
    byKey.delete(kept.key);
    byKey.set(kept.key, kept);
    return kept.session;
  };
  return {
    begin(role, address) {
      if (byKey.size >= limits.most) forget(byKey.values().next().value!);
      const name = randomBytes(32).toString("base64url");
      const key = hashOf(name);
      const now = nowMs();
      const session = { id: key.slice(0, 8), role, address, untilMs: now + limits.longestMs };
      const kept = { session, key, usedAtMs: now };
      byKey.set(key, kept);
      bySession.set(session, kept);
      return { session, name };
    },
    use: (name) => touch(byKey.get(hashOf(name))),
    stands: (session) => touch(bySession.get(session)) !== null,
    end: (session) => {
      const kept = bySession.get(session);
      if (kept !== undefined) forget(kept);
    },
  };
}

function hashOf(name: string): string {
  return createHash("sha256").update(name).digest("hex");
}
