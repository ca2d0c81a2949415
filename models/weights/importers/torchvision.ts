import { COUNTERS, tableOf } from "./name-table.js";

/** State dicts of torchvision's classifiers. Which of their layers an encoder leaves out, its backbone says. */
export const TORCHVISION = tableOf([COUNTERS]);
