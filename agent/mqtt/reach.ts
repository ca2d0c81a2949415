import { messageOf } from "../errors.js";
import { type OpenLink, openLink, type ProtocolVersion } from "./link.js";

export interface Reach {
  /** Null when no connection could be had. */
  readonly version: "5" | "3.1.1" | null;
  readonly reason: string;
}

/** Connects to a broker and leaves again, under a client id of its own: a running agent is not thrown out. */
export async function reachBroker(
  broker: { readonly url: string; readonly username: string | null; readonly password: string | null },
  open: OpenLink = openLink,
): Promise<Reach> {
  const ignore = () => undefined;
  const tryWith = async (version: ProtocolVersion): Promise<Reach> => {
    const link = await open({
      ...broker,
      version,
      clientId: `retort-doctor-${process.pid}`,
      will: null,
      keepaliveS: 15,
      connectTimeoutMs: 4_000,
      onReceived: ignore,
      onLost: ignore,
    });
    await link.close();
    return { version: version === 5 ? "5" : "3.1.1", reason: "connected" };
  };
  return tryWith(5)
    .catch(() => tryWith(4))
    .catch((error: unknown) => ({ version: null, reason: messageOf(error) }));
}
