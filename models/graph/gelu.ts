import type { Graph, Value } from "./graph.js";
import { add, div, mul } from "./ops.js";

/**
 * GELU (Hendrycks & Gimpel 2016) by the error function: x times the normal distribution's share below x. Written in the order that ONNX
 * Runtime recognises, and runs as one operator where nothing else uses a part of it.
 */
export function gelu(g: Graph, x: Value): Value {
  const [y] = g.composite("Gelu", [x], {}, () => {
    const twiceShare = add(g, g.node("Erf", [div(g, x, g.scalar(Math.SQRT2))], x.shape), g.scalar(1));
    return [mul(g, mul(g, x, twiceShare), g.scalar(0.5)), twiceShare];
  });
  return y;
}

/** dL/dx: the share below x, and x times the density at x. */
export function geluGradient(g: Graph, x: Value, twiceShare: Value, dy: Value): Value {
  const bell = g.node("Exp", [mul(g, mul(g, x, x), g.scalar(-0.5))], x.shape);
  const density = mul(g, bell, g.scalar(1 / Math.sqrt(2 * Math.PI)));
  return mul(g, dy, add(g, mul(g, twiceShare, g.scalar(0.5)), mul(g, x, density)));
}
