/** Transaction, protocol, length, unit (MODBUS Messaging on TCP/IP 1.0b, 3.1.3), and the function behind them. */
const HEAD_BYTES = 8;
const PROTOCOL_AT = 2;
const LENGTH_AT = 4;
const FUNCTION_AT = 7;
/** What `length` counts: the unit and a request of at most 253 bytes; the unit and the function at least. */
const SHORTEST = 2;
const LONGEST = 254;

/** The requests in what one connection sends, however it is cut. */
export class RequestWalk {
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #filled = 0;
  /** Bytes of the present request that are yet to come. */
  #left = 0;

  /** @returns the function codes of the requests that begin in these bytes; null: this is no Modbus, and nothing behind it is */
  take(bytes: Uint8Array): readonly number[] | null {
    const functions: number[] = [];
    for (let at = 0; at < bytes.length; ) {
      const passed = Math.min(this.#left, bytes.length - at);
      this.#left -= passed;
      at += passed;
      while (this.#left === 0 && this.#filled < HEAD_BYTES && at < bytes.length) {
        this.#head[this.#filled] = bytes[at]!;
        this.#filled += 1;
        at += 1;
      }
      if (this.#filled < HEAD_BYTES) continue;
      const length = this.#head.readUInt16BE(LENGTH_AT);
      if (this.#head.readUInt16BE(PROTOCOL_AT) !== 0 || length < SHORTEST || length > LONGEST) return null;
      functions.push(this.#head[FUNCTION_AT]!);
      this.#left = length - SHORTEST;
      this.#filled = 0;
    }
    return functions;
  }
}
