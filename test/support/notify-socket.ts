import { createRequire } from "node:module";
import { unixAddress } from "../../agent/kit/libc.js";

interface NativeFunction {
  (...given: readonly unknown[]): number;
  async(...given: readonly unknown[]): void;
}
interface Koffi {
  load(path: null): { func(name: string, result: string, parameters: readonly string[]): NativeFunction };
}

/** What systemd has: a datagram socket that services send to. */
export interface NotifySocket {
  /** Each datagram as it came. */
  readonly heard: readonly string[];
  /** When each came, on the monotonic clock. */
  readonly atMs: readonly number[];
  close(): Promise<void>;
}

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const END = "the end";

/** @param name a path, or with an `@` in front a name of the abstract namespace */
export async function notifySocket(name: string): Promise<NotifySocket> {
  const koffi = createRequire(import.meta.url)("koffi") as Koffi;
  const libc = koffi.load(null);
  const address = unixAddress(name);
  const descriptor = libc.func("socket", "int", ["int", "int", "int"])(AF_UNIX, SOCK_DGRAM, 0);
  if (address === null || descriptor < 0) throw new Error("no socket");
  const bound = libc.func("bind", "int", ["int", "void *", "uint32_t"])(descriptor, address, address.length);
  if (bound !== 0) throw new Error(`cannot bind ${name}`);
  const receive = libc.func("recv", "intptr_t", ["int", "void *", "size_t", "int"]);
  const send = libc.func("sendto", "intptr_t", ["int", "void *", "size_t", "int", "void *", "uint32_t"]);
  const heard: string[] = [];
  const atMs: number[] = [];
  const next = (): Promise<string> =>
    new Promise((resolve) => {
      const bytes = Buffer.alloc(4_096);
      // In a thread of libuv's pool, which waits there.
      receive.async(descriptor, bytes, bytes.length, 0, (_: unknown, length: number) =>
        resolve(bytes.toString("utf8", 0, length)),
      );
    });
  const listening = (async () => {
    for (let text = await next(); text !== END; text = await next()) {
      heard.push(text);
      atMs.push(performance.now());
    }
  })();
  return {
    heard,
    atMs,
    close: async () => {
      send(descriptor, Buffer.from(END), END.length, 0, address, address.length);
      await listening;
      libc.func("close", "int", ["int"])(descriptor);
    },
  };
}
