import { connect, createServer, type Socket } from "node:net";

export interface Proxy {
  readonly url: string;
  /** Destroys what is open, as a pulled cable that the kernel notices. */
  cut(): void;
  /** Forwards nothing more over what is open, and says so to nobody: a half-open connection, until `cut`. */
  stall(): void;
  /** Whether new connections are let through; otherwise they are destroyed. */
  open: boolean;
  close(): Promise<void>;
}

/** A wire between a client and a broker that can be cut. @param admits sees the first bytes of each connection */
export async function startProxy(toPort: number, admits: (first: Buffer) => boolean = () => true): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on("error", () => socket.destroy()).once("close", () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    keep(near);
    if (!proxy.open) {
      near.destroy();
      return;
    }
    near.once("data", (first: Buffer) => {
      if (!admits(first)) {
        near.destroy();
        return;
      }
      const far = keep(connect(toPort, "127.0.0.1"));
      far.write(first);
      near.pipe(far).pipe(near);
      far.once("close", () => near.destroy());
      near.once("close", () => far.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const proxy: Proxy = {
    url: `mqtt://127.0.0.1:${port}`,
    open: true,
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    stall: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    close: () => {
      proxy.cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return proxy;
}
