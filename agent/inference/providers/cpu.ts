import { commonOptions, type Provider } from "./provider.js";

/** ONNX Runtime's own provider: always there, and what runs when nothing else does. */
export const cpu: Provider = {
  name: "cpu",
  sessionOptions: (wish) => ({ ...commonOptions(wish), executionProviders: [{ name: "cpu" }] }),
};
