/** The messages between the maker and its thread. Pixels, map and JPEG are transferred: the maker sends copies of its own. */
import type { Picture, Subject } from "./subject.js";

export type Request =
  | { readonly kind: "render"; readonly id: number; readonly subject: Subject; readonly quality: number }
  /** Ends the thread once the pictures before it are drawn. */
  | { readonly kind: "stop" };

export type Reply =
  | { readonly kind: "rendered"; readonly id: number; readonly picture: Picture }
  | { readonly kind: "failed"; readonly id: number; readonly reason: string };
