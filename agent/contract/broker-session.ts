import type { CodedError } from "../../errors.js";

/** A message of a session: bytes, never retained. */
export interface SessionPacket {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** Told on MQTT 5. */
  readonly contentType: string;
  readonly qos: 0 | 1;
}

/** One connection to the broker, from its CONNACK to its end. */
export interface BrokerSession {
  /** Resolves once the broker has granted it, at QoS 1. @throws CodedError MQTT_SUBSCRIBE_REFUSED, or that the connection ended first */
  subscribe(filter: string): Promise<void>;
  /**
   * Sends in the order of the calls. QoS 0: resolves once written; QoS 1: once the broker has it.
   * @throws CodedError that the packet is too large, or that the connection ended first
   */
  send(packet: SessionPacket): Promise<void>;
  /** Ends it, the will published where MQTT 5 is spoken; another one follows. Never rejects. */
  end(): Promise<void>;
}

export interface SessionOptions {
  /** The end of its client id. */
  readonly name: string;
  /** The will of the next CONNECT: each has its own. */
  readonly will: () => Promise<SessionPacket>;
  readonly onUp: (session: BrokerSession) => void;
  readonly onMessage: (topic: string, payload: Buffer) => void;
  /** There is none any more. */
  readonly onDown: () => void;
  /** Why there is none, or none any more; that the session was ended by its user is none. */
  readonly onTrouble: (trouble: CodedError) => void;
}

/** Sessions one after the other, until closed. */
export interface KeptSession {
  /** Ends the last one as `end` does. Never rejects. */
  close(): Promise<void>;
}

/**
 * Connects to the agent's broker beside the agent's own connection, for what needs a will of its own; and again whenever that ends. Each
 * session is clean: the broker keeps nothing of the one before.
 */
export type KeepSession = (options: SessionOptions) => KeptSession;
