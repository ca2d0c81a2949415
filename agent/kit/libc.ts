/** Calls into C's own library. Each throws where koffi cannot be loaded. */
import { endianness } from "node:os";
import { ffi } from "./ffi.js";

/**
 * Ends the process as C's `_exit` does: Node joins its threads before it exits, and one of them may wait for a dead camera's
 * answers, or for an inference.
 */
export function exitAtOnce(status: number): void {
  ffi().load(null).func("_exit", "void", ["int"])(status);
}

/**
 * The kernel's account of its clock: `struct timex` of adjtimex(2), asked to change nothing, which needs no rights; null where it refuses.
 */
export function adjtimex(): Uint8Array | null {
  // 208 bytes on 64-bit Linux.
  const timex = Buffer.alloc(256);
  const answer = ffi().load(null).func("adjtimex", "int", ["void *"])(timex);
  return answer === -1 ? null : timex;
}

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** `sun_path` of `struct sockaddr_un`. */
const MOST_PATH_BYTES = 108;

/** A socket that sends datagrams to one address in the file system, or, with an `@` in front, in the abstract namespace (unix(7)). */
export interface DatagramSocket {
  /** Never waits. @returns 0, or C's errno: the datagram was not sent */
  send(text: string): number;
}

/** Null where the kernel gives no socket, or the name is longer than an address can be. */
export function datagramSocket(name: string): DatagramSocket | null {
  const address = unixAddress(name);
  if (address === null) return null;
  const libc = ffi().load(null);
  const descriptor = libc.func("socket", "int", ["int", "int", "int"])(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor === -1) return null;
  const sendTo = libc.func("sendto", "intptr_t", ["int", "void *", "size_t", "int", "void *", "uint32_t"]);
  return {
    send(text) {
      const bytes = Buffer.from(text);
      const sent = sendTo(descriptor, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, address.length);
      return sent === -1 ? ffi().errno() : 0;
    },
  };
}

/** `struct sockaddr_un`, no longer than it has to be: in the abstract namespace every byte counts. */
export function unixAddress(name: string): Buffer | null {
  const path = Buffer.from(name.startsWith("@") ? `\0${name.slice(1)}` : `${name}\0`);
  if (path.length > MOST_PATH_BYTES) return null;
  const family = Buffer.alloc(2);
  if (endianness() === "LE") family.writeUInt16LE(AF_UNIX);
  else family.writeUInt16BE(AF_UNIX);
  return Buffer.concat([family, path]);
}
