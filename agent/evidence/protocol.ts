/** What the maker and its thread say to each other. Pixels, map and JPEG are transferred: the maker sends copies of its own. */
import type { Picture, Subject } from "./subject.js";

export type Request =
  | { readonly kind: "render"; readonly id: number; readonly subject: Subject; readonly quality: number }
  /** Ends the thread once what was asked before is done. */
  | { readonly kind: "stop" };

export type Reply =
  | { readonly kind: "rendered"; readonly id: number; readonly picture: Picture }
  | { readonly kind: "failed"; readonly id: number; readonly reason: string };
