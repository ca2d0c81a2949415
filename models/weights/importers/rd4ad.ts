import { COUNTERS, tableOf } from "./name-table.js";

/**
 * RD4AD's state dicts, under `bn.` and `decoder.`. Its BN_layer declares a fourth convolution that it never runs; old checkpoints carry a memory
 * that RD4AD's own evaluation drops, too. Adam's moments (`m:`, `v:`) stand in the checkpoints that training here writes.
 */
export const RD4AD = tableOf([/^bn\.(conv4|bn4)\./, /^bn\.(.*[._])?memory/, /^[mv]:/, COUNTERS]);
