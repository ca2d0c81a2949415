import type { Config } from "../../config/types.js";
import { brokerCheck } from "./broker.js";
import type { Check } from "./check.js";
import { diskCheck } from "./disk.js";
import { modelChecks } from "./models.js";

/** Everything that a valid configuration lets us look at; never rejects. */
export async function examine(config: Config): Promise<readonly Check[]> {
  const [broker, disk, models] = await Promise.all([
    brokerCheck(config.mqtt),
    diskCheck(config.state.path),
    modelChecks(config),
  ]);
  return [...models, broker, disk];
}
