import { createRequire } from "node:module";

/** The tables in which mqtt-packet looks up reason codes; a code that is not in its packet's table ends the connection. */
interface ParserTables {
  readonly MQTT5_PUBACK_PUBREC_CODES: Record<number, string>;
  readonly MQTT5_SUBACK_CODES: Record<number, string>;
  readonly MQTT5_DISCONNECT_CODES: Record<number, string>;
}

/**
 * Lets mqtt-packet 9 parse every reason code in PUBACK, SUBACK and DISCONNECT. Brokers send some that MQTT 5 lists for other packets
 * only (Mosquitto's message_size_limit answers PUBACK 149), or none of its own: their effect is ours to choose, see reason-codes.ts.
 */
export function parseEveryReasonCode(): void {
  const ofMqtt = createRequire(createRequire(import.meta.url).resolve("mqtt"));
  const tables: ParserTables = ofMqtt("mqtt-packet/constants.js");
  const { MQTT5_PUBACK_PUBREC_CODES, MQTT5_SUBACK_CODES, MQTT5_DISCONNECT_CODES } = tables;
  for (const table of [MQTT5_PUBACK_PUBREC_CODES, MQTT5_SUBACK_CODES, MQTT5_DISCONNECT_CODES]) {
    for (let code = 0; code <= 255; code += 1) table[code] ??= `reason ${code}`;
  }
}
