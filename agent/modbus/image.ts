/** Some registers and bits that stand together, from one address on. */
export interface Block {
  readonly address: number;
  registers(): readonly number[];
  bits(): readonly boolean[];
}

/** Everything that can be read, made anew for each request: what one request reads is of one moment. */
export class RegisterImage {
  readonly #blocks: readonly Block[];

  constructor(blocks: readonly Block[]) {
    this.#blocks = blocks;
  }

  /** The registers from an address on; null where one of them is nobody's. */
  registers(address: number, count: number): readonly number[] | null {
    return this.#read(address, count, (block) => block.registers());
  }

  /** The bits from an address on; null where one of them is nobody's. */
  bits(address: number, count: number): readonly boolean[] | null {
    return this.#read(address, count, (block) => block.bits());
  }

  #read<Value>(address: number, count: number, valuesOf: (block: Block) => readonly Value[]): readonly Value[] | null {
    for (const block of this.#blocks) {
      if (address < block.address) continue;
      const from = address - block.address;
      const values = valuesOf(block).slice(from, from + count);
      if (values.length === count) return values;
    }
    return null;
  }
}
