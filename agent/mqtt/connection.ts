import { CodedError, messageOf } from "../../errors.js";
import type { Client } from "./client.js";
import type { HangUps } from "./hang-ups.js";
import type { InflightWindow, Lane } from "./inflight-window.js";
import type { Packet } from "./packet.js";

/** What the senders share while a client is connected. */
export interface Connection {
  readonly client: Client;
  readonly window: InflightWindow;
  readonly hangUps: HangUps;
}

/** What came of a packet. */
export type Outcome =
  /** The broker has it; of QoS 0: it is written. */
  | { readonly kind: "taken" }
  /** The broker does not take it: `later` it may, or `never`. */
  | { readonly kind: "later" | "never"; readonly error: CodedError }
  /** The connection ended first. */
  | { readonly kind: "lost" };

/** Sends a packet and says what came of it; never rejects. A slot of the window is the caller's to take and to give back. */
export async function sendOver({ client, hangUps }: Connection, lane: Lane, packet: Packet): Promise<Outcome> {
  if (lane !== "alerts" && lane !== "verdicts" && hangUps.refuses(packet))
    return { kind: "never", error: hungUpOn(packet) };
  try {
    await client.send(packet);
    return { kind: "taken" };
  } catch (error) {
    if (!(error instanceof CodedError)) {
      return {
        kind: "never",
        error: new CodedError("MQTT_FAILED", messageOf(error), { at: packet.topic, cause: error }),
      };
    }
    if (error.code === "MQTT_PUBLISH_REFUSED") return { kind: "later", error };
    if (error.code === "MQTT_PUBLISH_FAILED") return { kind: "lost" };
    return { kind: "never", error };
  }
}

export function hungUpOn({ topic }: Packet): CodedError {
  return new CodedError("MQTT_HUNG_UP", "the broker ends the connection whenever this is sent, or the like of it", {
    at: topic,
  });
}
