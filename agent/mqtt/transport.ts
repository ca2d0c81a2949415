import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";

/** What a TLS connection needs besides the broker's address; PEM texts. */
export interface TlsIdentity {
  /** Of the authorities that may vouch for the broker, none else; null: those that Node ships. */
  readonly ca: string | null;
  /** Our own, for brokers that ask for one; with its key. */
  readonly cert: string | null;
  readonly key: string | null;
  /** The name that the broker's certificate must carry, where it is not the one in the address. */
  readonly serverName: string | null;
}

/** The network connection below MQTT, whether it speaks plainly or in a websocket. */
export interface Transport {
  readonly socket: Socket;
  /** `connected`: over TCP; `secured`: over TLS, the broker's certificate and name verified. */
  stage(): "dialling" | "connected" | "secured";
  /** The first thing that went wrong on it. */
  fault(): unknown;
}

export interface Address {
  readonly secure: boolean;
  readonly websocket: boolean;
  /** As the network wants it: an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  /** Of a websocket, with the query. */
  readonly path: string;
}

const defaultPorts: Readonly<Record<string, number>> = { "mqtt:": 1883, "mqtts:": 8883, "ws:": 80, "wss:": 443 };

/** @param url mqtt:// | mqtts:// | ws:// | wss:// */
export function addressOf(url: string): Address {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  return {
    secure: protocol === "mqtts:" || protocol === "wss:",
    websocket: protocol === "ws:" || protocol === "wss:",
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? defaultPorts[protocol]! : Number(port),
    path: `${pathname === "" ? "/" : pathname}${search}`,
  };
}

/**
 * Dials once. TLS is 1.2 or newer, whatever NODE_OPTIONS says, and verifies certificate and name, whatever
 * NODE_TLS_REJECT_UNAUTHORIZED says: nothing switches that off.
 */
export function dial({ secure, host, port }: Address, identity: TlsIdentity | null): Transport {
  const socket = secure ? secured(host, port, identity) : connectPlain({ host, port });
  let stage: ReturnType<Transport["stage"]> = "dialling";
  let fault: unknown = null;
  // Nagle waiting for a delayed ACK held scores back by 40 ms.
  socket.setNoDelay(true);
  socket.once("connect", () => {
    stage = "connected";
  });
  socket.once("secureConnect", () => {
    stage = "secured";
  });
  socket.on("error", (error) => {
    fault ??= error;
  });
  return { socket, stage: () => stage, fault: () => fault };
}

function secured(host: string, port: number, identity: TlsIdentity | null): TLSSocket {
  const { ca = null, cert = null, key = null, serverName = null } = identity ?? {};
  // An address is no name to indicate (RFC 6066, 3), but is verified all the same.
  const servername = serverName ?? (isIP(host) === 0 ? host : null);
  return connectTls({
    host,
    port,
    minVersion: "TLSv1.2",
    rejectUnauthorized: true,
    ...(servername === null ? {} : { servername }),
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
  });
}

/** Whether a port that hung up on plain words speaks TLS: only to say so, nothing is sent over it. */
export function speaksTls({ host, port }: Address, limitMs = 2_000): Promise<boolean> {
  const socket = secured(host, port, null);
  const answer = new Promise<boolean>((resolve) => {
    socket.once("secureConnect", () => resolve(true));
    // A certificate that we do not trust is one all the same.
    socket.on("error", (error) => resolve("code" in error && /CERT|SIGNATURE|ISSUER/.test(String(error.code))));
    socket.once("close", () => resolve(false));
    socket.setTimeout(limitMs, () => resolve(false));
  });
  return answer.finally(() => socket.destroy());
}
