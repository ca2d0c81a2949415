/** What a worker tells its campaign. */
export type Told =
  | { readonly kind: "at"; readonly index: number }
  | { readonly kind: "done"; readonly verdict: string }
  | { readonly kind: "finding"; readonly index: number; readonly what: string; readonly input: string }
  /** After a garbage collection. */
  | { readonly kind: "memory"; readonly index: number; readonly rssMb: number }
  | { readonly kind: "end" };
