/** What a builder says to its agent, and its thread to the builder. */
export type BuildMessage =
  /** Another agent's builder has the GPU. */
  | { readonly kind: "waiting" }
  /** So many of the sizes of batch were run, of so many. */
  | { readonly kind: "progress"; readonly done: number; readonly of: number }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "built" };
