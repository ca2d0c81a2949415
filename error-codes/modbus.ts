import { chapter, failed } from "./chapter.js";

/** The codes of the verdicts that PLCs poll. */
export const modbusCodes = chapter("Modbus/TCP", "docs/plc.md", {
  MODBUS_FAILED: failed("Modbus cannot listen.", "Check modbus.host."),
  MODBUS_PORT_FORBIDDEN: failed(
    "This user may not listen on the port for Modbus.",
    "Choose one above 1023, or give the service the right to: docs/plc.md.",
  ),
  MODBUS_PORT_TAKEN: failed("Another program has the port for Modbus.", "Free the port, or set modbus.port."),
});
