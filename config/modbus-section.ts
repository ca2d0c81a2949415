import { section, setting } from "./declare.js";
import { either, flag, integer, text } from "./formats.js";

/** The address of a camera's first register: all of its block, and the agent's own before it, must have room. */
const address = integer(10, 65_400);

/** What a configuration says of Modbus. */
export const modbusSection = section("Verdicts for the machine that rejects, over Modbus/TCP; see docs/plc.md", {
  enabled: setting(false, flag, "whether PLCs can read verdicts"),
  host: setting(
    "127.0.0.1",
    text,
    "the address that is listened on; whoever reaches it can read: the machine's network",
  ),
  port: setting(1_502, integer(1, 65_535), "Modbus's own is 502, for which most systems want a right"),
  unitId: setting("any", either(["any"], integer(1, 247)), "the unit that is answered for; any: every one"),
  maxConnections: setting(4, integer(1, 100), "connections at once"),
  idleS: setting(60, integer(1, 3_600), "seconds without a request until a connection is closed"),
});

/** What a camera's configuration says of its registers. */
export const cameraModbusSection = section("Its Modbus registers", {
  address: setting(
    "auto",
    either(["auto"], address),
    "of the first one; auto: 1000 for the first camera of the list, 2000 for the second, and so on",
  ),
});
