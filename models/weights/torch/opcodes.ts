/** Python's pickle opcodes that build plain values (pickletools.opcodes); the others are refused. */
export const OPCODES = {
  MARK: 0x28,
  EMPTY_TUPLE: 0x29,
  STOP: 0x2e,
  BINFLOAT: 0x47,
  BININT: 0x4a,
  BININT1: 0x4b,
  BININT2: 0x4d,
  NONE: 0x4e,
  BINPERSID: 0x51,
  REDUCE: 0x52,
  BINSTRING: 0x54,
  SHORT_BINSTRING: 0x55,
  BINUNICODE: 0x58,
  EMPTY_LIST: 0x5d,
  APPEND: 0x61,
  BUILD: 0x62,
  GLOBAL: 0x63,
  APPENDS: 0x65,
  BINGET: 0x68,
  LONG_BINGET: 0x6a,
  BINPUT: 0x71,
  LONG_BINPUT: 0x72,
  SETITEM: 0x73,
  TUPLE: 0x74,
  SETITEMS: 0x75,
  EMPTY_DICT: 0x7d,
  PROTO: 0x80,
  TUPLE1: 0x85,
  TUPLE2: 0x86,
  TUPLE3: 0x87,
  NEWTRUE: 0x88,
  NEWFALSE: 0x89,
  LONG1: 0x8a,
  SHORT_BINUNICODE: 0x8c,
  STACK_GLOBAL: 0x93,
  MEMOIZE: 0x94,
  FRAME: 0x95,
} as const;

/** The opcodes that are refused, so that a message can say their names. */
const REFUSED: ReadonlyMap<number, string> = new Map(
  `
  48 POP, 49 POP_MARK, 50 DUP, 66 BINBYTES, 67 SHORT_BINBYTES, 70 FLOAT, 73 INT, 76 LONG, 80 PERSID, 83 STRING, 86
  UNICODE, 100 DICT, 103 GET, 105 INST, 108 LIST, 111 OBJ, 112 PUT, 129 NEWOBJ, 130 EXT1, 131 EXT2, 132 EXT4, 139 LONG4,
  141 BINUNICODE8, 142 BINBYTES8, 143 EMPTY_SET, 144 ADDITEMS, 145 FROZENSET, 146 NEWOBJ_EX, 150 BYTEARRAY8, 151
  NEXT_BUFFER, 152 READONLY_BUFFER`
    .split(",")
    .map((each) => each.trim().split(" "))
    .map(([code, name = ""]) => [Number(code), name]),
);

export function opcodeName(opcode: number): string {
  return REFUSED.get(opcode) ?? `0x${opcode.toString(16).padStart(2, "0")}`;
}
