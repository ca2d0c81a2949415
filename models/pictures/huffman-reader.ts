/** The bits of a JPEG's entropy-coded data and the Huffman codes in them (ITU-T T.81, annexes C and F). */

/** Codes of at most this many bits are looked up at once. */
const LOOKUP_BITS = 9;
const LONGEST_CODE = 16;
/** A marker may have any number of them before it; encoders write none or a few. */
const MOST_FILL_BYTES = 4096;

/** A code table. Built by {@link huffmanTable}. */
export interface HuffmanTable {
  /** By the next nine bits: symbol times 16 plus the code's length; 0 where the code is longer or there is none. */
  readonly lookup: Uint16Array;
  /** By length: the largest code, -1 where there is none. */
  readonly maxCode: Int32Array;
  /** By length: what added to a code gives its symbol's index. */
  readonly offset: Int32Array;
  readonly symbols: Uint8Array;
}

/**
 * @param counts how many codes there are of each length, 1 to 16
 * @param symbols in the order of their codes
 * @returns null where the counts are no code's
 */
export function huffmanTable(counts: Uint8Array, symbols: Uint8Array): HuffmanTable | null {
  const lookup = new Uint16Array(1 << LOOKUP_BITS);
  const maxCode = new Int32Array(LONGEST_CODE + 1).fill(-1);
  const offset = new Int32Array(LONGEST_CODE + 1);
  let code = 0;
  let index = 0;
  for (let length = 1; length <= LONGEST_CODE; length += 1) {
    offset[length] = index - code;
    for (let left = counts[length - 1]!; left > 0; left -= 1) {
      if (length <= LOOKUP_BITS) {
        const spare = LOOKUP_BITS - length;
        lookup.fill(symbols[index]! * 16 + length, code << spare, (code + 1) << spare);
      }
      maxCode[length] = code;
      code += 1;
      index += 1;
    }
    if (code > 1 << length) return null;
    code <<= 1;
  }
  return index > symbols.length ? null : { lookup, maxCode, offset, symbols };
}

/** Reads one scan's data from front to back. Past its end it yields zeros and sets `overrun`. */
export class HuffmanReader {
  readonly #bytes: Uint8Array;
  /** Where the next byte comes from; at a marker's 0xFF once that is reached. */
  #at: number;
  #atMarker = false;
  /** The `#count` lowest bits are those to come. */
  #bits = 0;
  #count = 0;
  /** Of those, how many are zeros put in place of data that is not there. */
  #padding = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** Whether more was read than there is before the next marker. */
  get overrun(): boolean {
    return this.#count < this.#padding;
  }

  /** The next code's symbol, -1 where the bits are no code. */
  symbol(table: HuffmanTable): number {
    if (this.#count < LONGEST_CODE) this.#fill();
    const next = (this.#bits >>> (this.#count - LONGEST_CODE)) & 0xffff;
    const found = table.lookup[next >>> (LONGEST_CODE - LOOKUP_BITS)]!;
    if (found !== 0) {
      this.#count -= found & 15;
      return found >> 4;
    }
    for (let length = LOOKUP_BITS + 1; length <= LONGEST_CODE; length += 1) {
      const code = next >>> (LONGEST_CODE - length);
      if (code > table.maxCode[length]!) continue;
      this.#count -= length;
      return table.symbols[code + table.offset[length]!]!;
    }
    return -1;
  }

  /** Passes over at most 16 bits. */
  skip(bits: number): void {
    if (this.#count < bits) this.#fill();
    this.#count -= bits;
  }

  /** A number of 1 to 16 bits, negative where its first bit is 0 (ITU-T T.81, F.2.2.1: EXTEND). */
  signed(bits: number): number {
    if (this.#count < bits) this.#fill();
    this.#count -= bits;
    const value = (this.#bits >>> this.#count) & ((1 << bits) - 1);
    return value < 1 << (bits - 1) ? value - (1 << bits) + 1 : value;
  }

  /** Goes on to the next marker, or the file's end, or gives up past `most` bytes. @returns the whole bytes passed over */
  skipToMarker(most: number): number {
    const bytes = this.#bytes;
    const unread = Math.max(0, (this.#count - this.#padding) >> 3);
    const from = this.#at;
    while (!this.#atMarker && this.#at < bytes.length && unread + this.#at - from <= most) {
      if (bytes[this.#at] === 0xff && bytes[this.#at + 1] !== 0) this.#atMarker = true;
      else this.#at += 1;
    }
    this.#bits = 0;
    this.#count = 0;
    this.#padding = 0;
    return unread + this.#at - from;
  }

  /** Passes over the restart marker of this number, 0 to 7; false where another thing stands there. */
  takeRestart(number: number): boolean {
    let at = this.#at;
    const fillEnd = at + MOST_FILL_BYTES;
    while (this.#bytes[at] === 0xff && at < fillEnd) at += 1;
    if (at === this.#at || this.#bytes[at] !== 0xd0 + number) return false;
    this.#at = at + 1;
    this.#atMarker = false;
    return true;
  }

  #fill(): void {
    const bytes = this.#bytes;
    while (this.#count <= 24) {
      let byte = 0;
      if (!this.#atMarker && this.#at < bytes.length) {
        byte = bytes[this.#at]!;
        // A byte of ones in the data is followed by a zero: anything else is a marker.
        if (byte !== 0xff) this.#at += 1;
        else if (bytes[this.#at + 1] === 0) this.#at += 2;
        else this.#atMarker = true;
      } else {
        this.#atMarker = true;
      }
      if (this.#atMarker) {
        byte = 0;
        this.#padding += 8;
      }
      this.#bits = (this.#bits << 8) | byte;
      this.#count += 8;
    }
  }
}
