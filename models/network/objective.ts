/**
 * What a student minimises. `hard-positions`: RD4AD's loss, the cosine of whole maps, with a gradient that is smaller at places where the student does
 * well already (Guo et al., ReContrast, NeurIPS 2023; Dinomaly, CVPR 2025). `rd4ad`: that loss as it was published.
 */
export const OBJECTIVES = ["hard-positions", "rd4ad"] as const;
export type Objective = (typeof OBJECTIVES)[number];
