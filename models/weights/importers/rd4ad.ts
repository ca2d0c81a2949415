import { COUNTERS, tableOf } from "./name-table.js";

/** RD4AD's state dicts, under `bn.` and `decoder.`. Its BN_layer declares a fourth convolution that it never runs. */
export const RD4AD = tableOf([/^bn\.(conv4|bn4)\./, COUNTERS]);
