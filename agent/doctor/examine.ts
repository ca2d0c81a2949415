import { missingPaths } from "../../config/presence.js";
import type { Config } from "../../config/types.js";
import { brokerChecks } from "./broker.js";
import { cameraChecks } from "./cameras.js";
import { type Check, findingChecks } from "./check.js";
import { clockCheck } from "./clock.js";
import { coreChecks } from "./cores.js";
import { diskCheck } from "./disk.js";
import { elementChecks } from "./elements.js";
import { listenerChecks } from "./listeners.js";
import { modelChecks } from "./models.js";
import { visionChecks } from "./vision.js";

/** Everything that a valid configuration lets us look at; never rejects. */
export async function examine(config: Config): Promise<readonly Check[]> {
  const [elements, vision, cameras, models, cores, clock, broker, listeners, disk] = await Promise.all([
    elementChecks(config.cameras),
    visionChecks(config.cameras),
    cameraChecks(config.cameras),
    modelChecks(config),
    coreChecks(config),
    clockCheck(),
    brokerChecks(config),
    listenerChecks(config),
    diskCheck(config.state.path),
  ]);
  // Models have their own checks.
  const gone = findingChecks(missingPaths(config)).filter(({ path }) => !path.startsWith("models."));
  return [...elements, ...vision, ...cameras, ...models, ...gone, ...cores, clock, ...broker, ...listeners, disk];
}
