/** Why a connection over Modbus was turned away, or hung up on: more than are allowed, no Modbus, too many requests, silence. */
export const modbusHangUps = ["full", "malformed", "excess", "idle"] as const;

export type ModbusHangUp = (typeof modbusHangUps)[number];

/** What PLCs do with the agent; counts are since the start. */
export interface ModbusHealth {
  readonly listening: boolean;
  /** Of this moment. */
  readonly connections: number;
  readonly requests: number;
  /** Of those, the ones that asked for something else than reading. */
  readonly refused: number;
  readonly hungUp: Readonly<Record<ModbusHangUp, number>>;
}
