import { CodedError } from "../../errors.js";
import { type OpenClient, openClient, type ProtocolVersion } from "./client.js";
import type { Credentials } from "./credentials.js";

/**
 * Connects to a broker and leaves again, under a client id of its own: a running agent is not thrown out.
 * @returns the MQTT version that it speaks
 * @throws CodedError of openClient
 */
export async function probeBroker(
  broker: Credentials & { readonly url: string },
  open: OpenClient = openClient,
): Promise<"5" | "3.1.1"> {
  const ignore = () => undefined;
  const tryWith = async (version: ProtocolVersion): Promise<"5" | "3.1.1"> => {
    const client = await open({
      ...broker,
      version,
      clientId: `retort-doctor-${process.pid}`,
      will: null,
      keepaliveS: 15,
      connectTimeoutMs: 4_000,
      onReceived: ignore,
      onLost: ignore,
    });
    await client.close();
    return version === 5 ? "5" : "3.1.1";
  };
  return tryWith(5).catch((error: unknown) => {
    if (error instanceof CodedError && error.code === "MQTT_VERSION_REFUSED") return tryWith(4);
    throw error;
  });
}
