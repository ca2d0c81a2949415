/** What a training reports while it runs. */
export type TrainProgress =
  | { readonly phase: "reading"; readonly done: number; readonly total: number }
  | { readonly phase: "remembering"; readonly done: number; readonly total: number }
  | {
      readonly phase: "training";
      /** Pictures trained on so far, over all epochs. */
      readonly done: number;
      readonly total: number;
      readonly epoch: number;
      readonly epochs: number;
      readonly loss: number;
      readonly imagesPerSecond: number;
      readonly etaSeconds: number;
    }
  | { readonly phase: "calibrating"; readonly done: number; readonly total: number }
  | { readonly phase: "warning"; readonly message: string };
