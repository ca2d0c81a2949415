import type { Packet, ProtocolVersion, Received } from "./packet.js";
import type { DisconnectEffect } from "./reason-codes.js";
import type { TlsIdentity } from "./transport.js";

export interface ClientOptions {
  readonly url: string;
  readonly version: ProtocolVersion;
  readonly clientId: string;
  readonly username: string | null;
  readonly password: string | null;
  /** For mqtts:// and wss://. */
  readonly tls?: TlsIdentity | null;
  /** Null for a look at the broker only. */
  readonly will: Packet | null;
  /** False where the broker keeps no retained messages: neither the will nor any message asks for it. */
  readonly retain: boolean;
  readonly keepaliveS: number;
  readonly connectTimeoutMs: number;
  readonly onReceived: (message: Received) => void;
  /** Called once, when a connection that was up is no more, except by close() and destroy(). */
  readonly onLost: (loss: ConnectionLoss) => void;
}

export interface ConnectionLoss {
  readonly reason: string;
  /** `hung-up`: the broker closed the connection without a word. */
  readonly effect: DisconnectEffect | "hung-up";
}

/** What the broker announces in its CONNACK (MQTT 5, 3.2.2.3); MQTT 3.1.1 announces nothing. */
export interface BrokerLimits {
  /** QoS 1 packets that it takes before it has acknowledged one. */
  readonly receiveMaximum: number;
  /** Of a whole packet. */
  readonly maximumPacketBytes: number;
  readonly retain: boolean;
  readonly wildcards: boolean;
}

/** One connection to a broker, from its CONNACK to its end: it never reconnects by itself. */
export interface Client {
  readonly version: ProtocolVersion;
  readonly limits: BrokerLimits;
  /**
   * QoS 1: resolves on PUBACK; QoS 0: once written.
   * @throws CodedError MQTT_PACKET_TOO_LARGE, MQTT_PUBLISH_INVALID (the broker never takes it), MQTT_PUBLISH_REFUSED (not now),
   * MQTT_PUBLISH_FAILED (the connection ended first)
   */
  send(packet: Packet): Promise<void>;
  /**
   * Resolves when the broker has granted it, at whatever QoS.
   * @throws CodedError MQTT_SUBSCRIBE_REFUSED, or MQTT_PUBLISH_FAILED when the connection ended first
   */
  subscribe(filter: string): Promise<void>;
  /**
   * Sends DISCONNECT, so that the broker forgets the will; waits for what is not yet acknowledged.
   * @param withWill the broker publishes it (MQTT 5, 3.14.2.1, reason 4); of 3.1.1 it cannot be asked
   */
  close(withWill?: boolean): Promise<void>;
  /** Cuts the connection: the broker publishes the will. */
  destroy(): void;
}

/**
 * Connects once.
 * @throws CodedError MQTT_UNREACHABLE (no network connection), MQTT_VERSION_REFUSED (the broker does not speak this version,
 * or hung up at our CONNECT, which is how some say it), those of reason-codes.ts for a CONNACK, MQTT_TLS_..., MQTT_WEBSOCKET_REFUSED
 */
export type OpenClient = (options: ClientOptions) => Promise<Client>;
