/** How a model fares on its provider, in `T/health`. */
export interface ProviderHealth {
  readonly used: string;
  readonly tried: readonly { readonly provider: string; readonly taken: boolean; readonly reason: string }[];
  /** Why it is a fault that it is this provider; null where it is none, absent until the model is open. */
  readonly fault?: string | null;
  /** What of the settings reaches the provider through this machine's build of ONNX Runtime; absent until the model is open. */
  readonly reaches?: readonly string[];
  /** Settings that somebody made and that do nothing there, each with the reason; absent until the model is open. */
  readonly unreached?: readonly string[];
  /** What is computed in, and why not in what was asked for; absent until the model is open. */
  readonly precision?: {
    readonly asked: string;
    readonly used: string;
    readonly reason: string;
    readonly difference?: {
      readonly pictures: number;
      readonly worst: number;
      readonly limit: number;
      readonly lost: number;
    } | null;
  };
}

/** What is wrong with a camera while its frames are judged, in `T/<camera>/state`. */
export interface CameraFaults {
  /** The camera's model runs, and not on the provider that it was to. */
  readonly provider?: string;
}
