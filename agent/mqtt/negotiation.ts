import { CodedError } from "../../errors.js";
import type { Client, ClientOptions, OpenClient } from "./client.js";
import type { ProtocolVersion } from "./packet.js";

/** What the agent asks of a broker, and does without where it is refused: MQTT 5, then retained messages. */
export class Negotiation {
  readonly #open: OpenClient;
  #version: ProtocolVersion = 5;
  #retain = true;

  constructor(open: OpenClient) {
    this.#open = open;
  }

  /** False where the broker has refused retained messages. */
  get retain(): boolean {
    return this.#retain;
  }

  /** @throws CodedError as OpenClient, when nothing less is left to ask for */
  async connect(options: Omit<ClientOptions, "version" | "retain">): Promise<Client> {
    for (;;) {
      try {
        return await this.#open({ ...options, version: this.#version, retain: this.#retain });
      } catch (error) {
        if (!(error instanceof CodedError) || !this.#lower(error)) throw error;
      }
    }
  }

  /** The broker did not refuse retained messages at once (MQTT 5, DISCONNECT with reason 154). */
  withoutRetain(): void {
    this.#retain = false;
  }

  /** After a connection that lasted: the broker may have become another. */
  startOver(): void {
    this.#version = 5;
    this.#retain = true;
  }

  /** @returns whether less is asked for from now on, and so a try at once makes sense */
  #lower({ code }: CodedError): boolean {
    if (code === "MQTT_VERSION_REFUSED") {
      this.#version = this.#version === 5 ? 4 : 5;
      return this.#version === 4;
    }
    if (code !== "MQTT_NO_RETAIN" || !this.#retain) return false;
    this.#retain = false;
    return true;
  }
}
