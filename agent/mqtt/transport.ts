import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";

/** The files of a TLS connection, as PEM texts, and the name to verify. */
export interface TlsIdentity {
  /** Certificates of the authorities that may vouch for the broker, and no others; null: those that Node ships. */
  readonly ca: string | null;
  /** The agent's certificate, for brokers that ask for one; with its key. */
  readonly cert: string | null;
  readonly key: string | null;
  /** The name that the broker's certificate must carry; null: the one in the address. */
  readonly serverName: string | null;
}

/** The network connection below MQTT, whether it speaks plainly or in a websocket. */
export interface Transport {
  readonly socket: Socket;
  /** `connected`: over TCP; `secured`: over TLS, the broker's certificate and name verified. */
  stage(): "dialling" | "connected" | "secured";
  /** The first error of the socket; null before one. */
  fault(): unknown;
}

export interface Address {
  readonly secure: boolean;
  readonly websocket: boolean;
  /** A name or an address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** The path of a websocket, with the query. */
  readonly path: string;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { "mqtt:": 1883, "mqtts:": 8883, "ws:": 80, "wss:": 443 };

/** The parts of a broker's address. @param url mqtt:// | mqtts:// | ws:// | wss:// */
export function addressOf(url: string): Address {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  return {
    secure: protocol === "mqtts:" || protocol === "wss:",
    websocket: protocol === "ws:" || protocol === "wss:",
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? DEFAULT_PORTS[protocol]! : Number(port),
    path: `${pathname === "" ? "/" : pathname}${search}`,
  };
}

/**
 * Opens a network connection, once. TLS is 1.2 or newer, whatever NODE_OPTIONS says, and verifies certificate and name, whatever
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
  // SNI takes no addresses (RFC 6066, 3); the certificate is verified against one all the same.
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

/** Whether a port that hung up on a plain CONNECT speaks TLS: for the error message only, nothing is sent over it. */
export function speaksTls({ host, port }: Address, limitMs = 2_000): Promise<boolean> {
  const socket = secured(host, port, null);
  const answer = new Promise<boolean>((resolve) => {
    socket.once("secureConnect", () => resolve(true));
    // A certificate that is not trusted shows that TLS is spoken.
    socket.on("error", (error) => resolve("code" in error && /CERT|SIGNATURE|ISSUER/.test(String(error.code))));
    socket.once("close", () => resolve(false));
    socket.setTimeout(limitMs, () => resolve(false));
  });
  return answer.finally(() => socket.destroy());
}
