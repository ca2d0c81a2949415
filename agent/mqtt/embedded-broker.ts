import { createServer, type Server, type Socket } from "node:net";
import { Aedes } from "aedes";
import { CodedError, messageOf } from "../../errors.js";

export interface EmbeddedBroker {
  /** For clients on this machine. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * A broker inside the agent, for machines that have none: MQTT 3.1.1, on loopback only, as it asks for no password.
 * The only file that imports aedes.
 * @param options.port taken if it is free, else any free one: another broker on 1883 is no reason not to start.
 * @throws CodedError MQTT_EMBEDDED_FAILED
 */
export async function openEmbeddedBroker(options: { host?: string; port?: number } = {}): Promise<EmbeddedBroker> {
  const host = options.host ?? "127.0.0.1";
  const broker = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  // Nagle waiting for a delayed ACK held scores back by 40 ms.
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    broker.handle(socket);
  });
  try {
    await listen(server, options.port ?? 1883, host).catch((error: unknown) => {
      if (codeOf(error) !== "EADDRINUSE") throw error;
      return listen(server, 0, host);
    });
  } catch (error) {
    throw new CodedError("MQTT_EMBEDDED_FAILED", `the embedded broker cannot listen: ${messageOf(error)}`, {
      remedy: "Set mqtt.url to a broker of your own.",
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

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
