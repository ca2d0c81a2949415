import { createServer, type Server, type Socket } from "node:net";
import { Aedes } from "aedes";
import { CodedError, errnoOf, messageOf } from "../../errors.js";
import { boundQueues, type Persistence, QUEUE_LIMITS, type QueueLimits } from "./bounded-queues.js";

/** The library's types lack them. */
declare module "aedes" {
  interface Aedes {
    readonly persistence: Persistence;
    /** By their ids, those that are connected. */
    readonly clients: Readonly<Record<string, unknown>>;
  }
}

export interface EmbeddedBroker {
  /** For clients on this machine. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

export interface EmbeddedBrokerOptions {
  readonly host?: string;
  /** In the order in which they are tried; 0 is any free one. */
  readonly ports: readonly number[];
  /** Told of each client for which no more is kept: what comes for it is lost. */
  readonly onFull?: (clientId: string) => void;
  readonly queueLimits?: QueueLimits;
}

/**
 * Opens a broker inside the agent, for machines that have none: MQTT 3.1.1, on loopback only, as it asks for no password.
 * The only file that imports aedes.
 * @throws CodedError MQTT_EMBEDDED_FAILED
 */
export async function openEmbeddedBroker({
  host = "127.0.0.1",
  ports,
  onFull = () => undefined,
  queueLimits = QUEUE_LIMITS,
}: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
  const broker = await Aedes.createBroker();
  boundQueues(broker.persistence, queueLimits, { isHere: (id) => Object.hasOwn(broker.clients, id), onFull });
  const sockets = new Set<Socket>();
  // Nagle waiting for a delayed ACK held scores back by 40 ms.
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    broker.handle(socket);
  });
  try {
    await listenOnFirst(server, ports, host);
  } catch (error) {
    await new Promise<void>((resolve) => broker.close(resolve));
    throw new CodedError("MQTT_EMBEDDED_FAILED", `the embedded broker cannot listen: ${messageOf(error)}`, {
      at: "mqtt.url",
      cause: error,
    });
  }
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `mqtt://${host}:${port}`,
    host,
    port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await new Promise<void>((resolve) => broker.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function listenOnFirst(server: Server, ports: readonly number[], host: string): Promise<void> {
  const [port = 0, ...others] = ports;
  try {
    await listen(server, port, host);
  } catch (error) {
    if (others.length === 0 || errnoOf(error) !== "EADDRINUSE") throw error;
    await listenOnFirst(server, others, host);
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
