import type { Server } from "node:net";
import { type IServiceVector, ServerTCP } from "modbus-serial";
import { type GuardLimits, guardConnections, type Traffic } from "./guard.js";
import type { RegisterImage } from "./image.js";

/** The library keeps its server to itself, and bounds nothing there. Its version is fixed, and hostile clients are tested. */
declare module "modbus-serial/ServerTCP.js" {
  interface ServerTCP {
    readonly _server: Server;
  }
}

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly unitId: number | "any";
  readonly limits: GuardLimits;
  readonly traffic: Traffic;
  /** Of a server that listens already. */
  readonly onError: (error: Error) => void;
}

export interface ListeningServer {
  /** Cuts every connection. */
  close(): Promise<void>;
}

/** A Modbus exception (MODBUS Application Protocol 1.1b3, 7): the library sends its code. */
class Refusal extends Error {
  readonly modbusErrorCode: number;

  constructor(modbusErrorCode: number, message: string) {
    super(message);
    this.modbusErrorCode = modbusErrorCode;
  }
}

const ILLEGAL_FUNCTION = 1;
const ILLEGAL_ADDRESS = 2;

/**
 * Listens, and answers from the image: registers as holding and as input registers, bits as coils and as discrete inputs, since PLCs
 * differ in what they can read. The only file that imports modbus-serial.
 * @throws what the system says where it cannot listen
 */
export async function listen(image: RegisterImage, options: ServerOptions): Promise<ListeningServer> {
  const { host, port, unitId, limits, traffic, onError } = options;
  const server = new ServerTCP(vectorOf(image), { host, port, ...(unitId === "any" ? {} : { unitID: unitId }) });
  guardConnections(server._server, limits, traffic);
  await new Promise<void>((resolve, reject) => {
    server.once("initialized", () => resolve());
    server.once("serverError", (error) => reject(error));
  });
  server.on("serverError", (error) => {
    if (error !== null) onError(error);
  });
  return { close: () => new Promise((resolve) => server.close(() => resolve())) };
}

function vectorOf(image: RegisterImage): IServiceVector {
  // One call for one request: its registers are of one moment. Bits are asked for one by one, and in one turn of the event loop.
  const registers = (address: number, count: number): number[] => [...known(image.registers(address, count))];
  const register = (address: number): number => registers(address, 1)[0]!;
  const bit = (address: number): boolean => known(image.bits(address, 1))[0]!;
  const refuse = (): never => {
    throw new Refusal(ILLEGAL_FUNCTION, "nothing is written");
  };
  return {
    getMultipleHoldingRegisters: registers,
    getMultipleInputRegisters: registers,
    getHoldingRegister: register,
    getInputRegister: register,
    getCoil: bit,
    getDiscreteInput: bit,
    setCoil: refuse,
    setRegister: refuse,
  };
}

/** @throws Refusal, where an address is nobody's */
function known<Value>(values: readonly Value[] | null): readonly Value[] {
  if (values === null) throw new Refusal(ILLEGAL_ADDRESS, "there is nothing at this address");
  return values;
}
