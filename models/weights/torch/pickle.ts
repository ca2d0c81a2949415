import { OPCODES, opcodeName } from "./opcodes.js";

/** What a pickle may hold here: plain values, and what tensors are described by. Nothing of it is a program. */
export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | { readonly kind: "list" | "tuple"; readonly items: Pickled[] }
  | { readonly kind: "dict"; readonly entries: Map<Pickled, Pickled> }
  | { readonly kind: "class"; readonly name: string }
  | Storage
  | TensorView;

/** A run of numbers that tensors are views of. */
export interface Storage {
  readonly kind: "storage";
  readonly key: string;
  /** PyTorch's name of the class, such as FloatStorage. */
  readonly type: string;
  /** Numbers. */
  readonly length: number;
}

export interface TensorView {
  readonly kind: "tensor";
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** A pickle asks for more than plain values and tensors. */
export class PickleRefusal extends Error {}

export type Tuple = Extract<Pickled, { readonly kind: "list" | "tuple" }>;

/** What a pickle's classes and persistent ids stand for; they throw {@link PickleRefusal} for all that they do not know. */
export interface PickleWorld {
  /** @param name module and name, with a dot between */
  classOf(name: string): Pickled;
  call(callee: Pickled, args: readonly Pickled[]): Pickled;
  persistent(id: Pickled): Pickled;
}

/** A network of 10,000 tensors takes 300,000: each may make an object, which is a hundred times as large. */
const MOST_STEPS = 1_000_000;

const TEXT = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads one pickle, protocols 2 to 5, as data: of Python's opcodes those that build plain values are known, and what the others would import
 * or call is left to `world`, which has a short list. Time and memory are bounded by the pickle's own length.
 * @returns the value, and where the pickle ends
 * @throws PickleRefusal with the opcode or class; RangeError, TypeError for bytes that are no pickle
 */
export function readPickle(
  bytes: Buffer,
  from: number,
  world: PickleWorld,
): { readonly value: Pickled; readonly end: number } {
  let at = from;
  let count = 0;
  let stack: Pickled[] = [];
  const marks: Pickled[][] = [];
  const memo = new Map<number, Pickled>();

  const take = (length: number): Buffer => {
    if (!(length >= 0 && at + length <= bytes.length)) throw new RangeError("a pickle in it is cut off");
    at += length;
    return bytes.subarray(at - length, at);
  };
  const line = (): string => {
    const end = bytes.indexOf(10, at);
    if (end < 0) throw new RangeError("a pickle in it is cut off");
    const text = TEXT.decode(take(end - at));
    at += 1;
    return text;
  };
  const pop = (): Pickled => {
    const value = stack.pop();
    if (value === undefined) throw new RangeError("a pickle in it takes more than it has");
    return value;
  };
  const top = (): Pickled => {
    const value = stack.at(-1);
    if (value === undefined) throw new RangeError("a pickle in it takes more than it has");
    return value;
  };
  const marked = (): Pickled[] => {
    const before = marks.pop();
    if (before === undefined) throw new RangeError("a pickle in it lacks a mark");
    const items = stack;
    stack = before;
    return items;
  };
  const tuple = (items: Pickled[]) => void stack.push({ kind: "tuple", items });
  const popped = (count: number): Pickled[] => Array.from({ length: count }, pop).reverse();
  const put = (items: readonly Pickled[]): void => {
    const { entries } = dictOf(top());
    if (items.length % 2 === 1) throw new RangeError("a pickle in it has a key without a value");
    for (let index = 0; index < items.length; index += 2) entries.set(items[index]!, items[index + 1]!);
  };
  const recall = (index: number): void => {
    const value = memo.get(index);
    if (value === undefined) throw new RangeError("a pickle in it recalls what it never kept");
    stack.push(value);
  };

  const steps: Readonly<Record<number, () => void>> = {
    [OPCODES.PROTO]: () => void take(1),
    [OPCODES.FRAME]: () => void take(8),
    [OPCODES.NONE]: () => void stack.push(null),
    [OPCODES.NEWTRUE]: () => void stack.push(true),
    [OPCODES.NEWFALSE]: () => void stack.push(false),
    [OPCODES.BININT]: () => void stack.push(take(4).readInt32LE()),
    [OPCODES.BININT1]: () => void stack.push(take(1).readUInt8()),
    [OPCODES.BININT2]: () => void stack.push(take(2).readUInt16LE()),
    [OPCODES.LONG1]: () => void stack.push(integer(take(take(1).readUInt8()))),
    [OPCODES.BINFLOAT]: () => void stack.push(take(8).readDoubleBE()),
    [OPCODES.BINUNICODE]: () => void stack.push(TEXT.decode(take(take(4).readUInt32LE()))),
    [OPCODES.SHORT_BINUNICODE]: () => void stack.push(TEXT.decode(take(take(1).readUInt8()))),
    [OPCODES.BINSTRING]: () => void stack.push(take(take(4).readInt32LE()).toString("latin1")),
    [OPCODES.SHORT_BINSTRING]: () => void stack.push(take(take(1).readUInt8()).toString("latin1")),
    [OPCODES.EMPTY_LIST]: () => void stack.push({ kind: "list", items: [] }),
    [OPCODES.EMPTY_TUPLE]: () => tuple([]),
    [OPCODES.EMPTY_DICT]: () => void stack.push({ kind: "dict", entries: new Map() }),
    [OPCODES.TUPLE1]: () => tuple(popped(1)),
    [OPCODES.TUPLE2]: () => tuple(popped(2)),
    [OPCODES.TUPLE3]: () => tuple(popped(3)),
    [OPCODES.TUPLE]: () => tuple(marked()),
    [OPCODES.MARK]: () => {
      marks.push(stack);
      stack = [];
    },
    [OPCODES.APPEND]: () => {
      const item = pop();
      listOf(top()).push(item);
    },
    [OPCODES.APPENDS]: () => {
      const items = marked();
      const list = listOf(top());
      for (const item of items) list.push(item);
    },
    [OPCODES.SETITEM]: () => put(popped(2)),
    [OPCODES.SETITEMS]: () => put(marked()),
    [OPCODES.BINPUT]: () => void memo.set(take(1).readUInt8(), top()),
    [OPCODES.LONG_BINPUT]: () => void memo.set(take(4).readUInt32LE(), top()),
    [OPCODES.MEMOIZE]: () => void memo.set(memo.size, top()),
    [OPCODES.BINGET]: () => recall(take(1).readUInt8()),
    [OPCODES.LONG_BINGET]: () => recall(take(4).readUInt32LE()),
    [OPCODES.GLOBAL]: () => {
      const module = line();
      stack.push(world.classOf(`${module}.${line()}`));
    },
    [OPCODES.STACK_GLOBAL]: () => {
      const [module, name] = popped(2);
      if (typeof module !== "string" || typeof name !== "string") throw new TypeError("a pickle in it names no class");
      stack.push(world.classOf(`${module}.${name}`));
    },
    [OPCODES.REDUCE]: () => {
      const [callee, args] = popped(2);
      const given = tupleOf(args!);
      // What is called may go through all that it is given, which may be the same list again and again.
      count += given.length;
      for (const each of given) if (isSequence(each)) count += each.items.length;
      stack.push(world.call(callee!, given));
    },
    // A state that is laid over an object: PyTorch's ordered dictionaries carry version numbers so, which say nothing about tensors.
    [OPCODES.BUILD]: () => {
      pop();
      dictOf(top());
    },
    [OPCODES.BINPERSID]: () => void stack.push(world.persistent(pop())),
  };

  for (; count < MOST_STEPS; count += 1) {
    const opcode = take(1)[0]!;
    if (opcode === OPCODES.STOP) return { value: pop(), end: at };
    const step = steps[opcode];
    if (step === undefined) throw new PickleRefusal(`its opcode ${opcodeName(opcode)} is none that weights need`);
    step();
  }
  throw new RangeError(`a pickle in it takes more than ${MOST_STEPS} steps`);
}

/** A little-endian two's complement number; a plain number where one holds it. */
function integer(bytes: Buffer): number | bigint {
  if (bytes.length === 0) return 0;
  const value = BigInt.asIntN(8 * bytes.length, BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`));
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function dictOf(value: Pickled): Extract<Pickled, { readonly kind: "dict" }> {
  if (typeof value === "object" && value?.kind === "dict") return value;
  throw new PickleRefusal(`it changes ${inWords(value)}, and only dictionaries are filled`);
}

function listOf(value: Pickled): Pickled[] {
  if (typeof value === "object" && value?.kind === "list") return value.items;
  throw new PickleRefusal(`it appends to ${inWords(value)}`);
}

function isSequence(value: Pickled): value is Tuple {
  return typeof value === "object" && (value?.kind === "tuple" || value?.kind === "list");
}

/** The items of a list or tuple. @throws TypeError for anything else */
export function tupleOf(value: Pickled): readonly Pickled[] {
  if (isSequence(value)) return value.items;
  throw new TypeError(`${inWords(value)} stands where a tuple should`);
}

/** What a value is, for a message. */
export function inWords(value: Pickled): string {
  if (value === null) return "None";
  if (typeof value !== "object") return `a ${typeof value}`;
  return value.kind === "class" ? value.name : `a ${value.kind}`;
}
