/** Pictures put together at random: views of pictures, recoloured, one laid over another. All that chance decides comes from a seed. */
import type { Random } from "../random.js";

/** A square picture: RGB, [side, side, 3]. */
export interface SquarePicture {
  readonly pixels: Uint8Array;
  readonly side: number;
}

/** Levels of RGB, [side, side, 3], 0 to 255 and beyond. */
type Levels = Float32Array;

/** Of pictures that are laid over the first one. */
const MOST_LEAVES = 3;

/**
 * One picture, [side, side, 3], from views of others: turned, scaled, mirrored and recoloured; in half of the cases with parts of further
 * views on top, like fallen leaves, or one blended in.
 * @param draw yields a picture each time, by the random numbers that it is given
 */
export function composition(
  draw: (random: Random) => SquarePicture,
  side: number,
  random: Random,
): Uint8Array<ArrayBuffer> {
  const layer = (): Levels => recoloured(view(draw(random), side, random), random);
  const levels = layer();
  const kind = random.next();
  if (kind < 0.35) {
    const leaves = 1 + random.int(MOST_LEAVES);
    for (let leaf = 0; leaf < leaves; leaf += 1) lay(levels, layer(), side, random);
  } else if (kind < 0.5) blend(levels, layer(), random.between(0.25, 0.75));
  const grain = random.next() < 0.3 ? random.between(2, 14) : 0;
  const pixels = new Uint8Array(levels.length);
  for (let at = 0; at < levels.length; at += 1) {
    const speck = grain === 0 ? 0 : grain * (random.next() + random.next() - 1);
    pixels[at] = Math.min(255, Math.max(0, Math.round(levels[at]! + speck)));
  }
  return pixels;
}

/** A view of a picture through a square window that is turned, scaled and moved at random; beyond its edges the picture is mirrored. */
function view({ pixels, side: from }: SquarePicture, side: number, random: Random): Levels {
  // The window shows between 0.3 and all of the picture's side.
  const step = (from / side) * Math.exp(random.between(Math.log(0.3), 0));
  const angle = random.next() < 0.5 ? random.between(-Math.PI, Math.PI) : random.between(-0.1, 0.1);
  const mirror = random.next() < 0.5 ? -1 : 1;
  const [cos, sin] = [step * Math.cos(angle), step * Math.sin(angle)];
  const [centreX, centreY] = [random.between(0, from), random.between(0, from)];
  const levels = new Float32Array(side * side * 3);
  let at = 0;
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      const [dx, dy] = [mirror * (x - side / 2), y - side / 2];
      const [px, py] = [folded(centreX + cos * dx - sin * dy, from), folded(centreY + sin * dx + cos * dy, from)];
      const [left, top] = [Math.floor(px), Math.floor(py)];
      const [fx, fy] = [px - left, py - top];
      const right = left + 1 < from ? 3 : 0;
      const here = 3 * (top * from + left);
      const below = top + 1 < from ? 3 * from : 0;
      for (let c = 0; c < 3; c += 1) {
        const upper = pixels[here + c]! * (1 - fx) + pixels[here + right + c]! * fx;
        const lower = pixels[here + below + c]! * (1 - fx) + pixels[here + below + right + c]! * fx;
        levels[at] = upper * (1 - fy) + lower * fy;
        at += 1;
      }
    }
  }
  return levels;
}

/** A coordinate within [0, length), mirrored at both ends. */
function folded(value: number, length: number): number {
  const rest = ((value % (2 * length)) + 2 * length) % (2 * length);
  return Math.min(length - 1e-3, rest < length ? rest : 2 * length - rest);
}

/** Another light: contrast, brightness, saturation, the tint of each channel; now and then grey, inverted, or with channels exchanged. */
function recoloured(levels: Levels, random: Random): Levels {
  const saturation = random.next() < 0.15 ? 0 : random.between(0.3, 1.7);
  const contrast = Math.exp(random.between(-0.5, 0.4)) * (random.next() < 0.05 ? -1 : 1);
  const order = random.next() < 0.15 ? random.shuffle([0, 1, 2]) : [0, 1, 2];
  const gains = order.map(() => contrast * Math.exp(0.15 * random.normal()));
  const middle = levels.reduce((sum, level) => sum + level, 0) / levels.length;
  const brightness = middle + random.between(-35, 35);
  const [first, second, third] = order as [number, number, number];
  const [gain1, gain2, gain3] = gains as [number, number, number];
  for (let at = 0; at < levels.length; at += 3) {
    const grey = (levels[at]! + levels[at + 1]! + levels[at + 2]!) / 3;
    const [a, b, c] = [levels[at + first]! - grey, levels[at + second]! - grey, levels[at + third]! - grey];
    levels[at] = brightness + gain1 * (grey - middle + saturation * a);
    levels[at + 1] = brightness + gain2 * (grey - middle + saturation * b);
    levels[at + 2] = brightness + gain3 * (grey - middle + saturation * c);
  }
  return levels;
}

/** Lays a part of `over` onto `levels`: an ellipse, a rectangle or one side of a line. */
function lay(levels: Levels, over: Levels, side: number, random: Random): void {
  const shape = random.pick(["ellipse", "rectangle", "line"] as const);
  const angle = random.between(0, Math.PI);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [width, height] = [side * random.between(0.06, 0.4), side * random.between(0.06, 0.4)];
  const [centreX, centreY] = [random.between(0, side), random.between(0, side)];
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      const u = (cos * (x - centreX) + sin * (y - centreY)) / width;
      const v = (cos * (y - centreY) - sin * (x - centreX)) / height;
      const inside = shape === "line" ? u > 0 : shape === "ellipse" ? u * u + v * v < 1 : Math.max(u, -u, v, -v) < 1;
      const at = 3 * (y * side + x);
      if (!inside) continue;
      for (let c = at; c < at + 3; c += 1) levels[c] = over[c]!;
    }
  }
}

function blend(levels: Levels, other: Levels, share: number): void {
  for (let at = 0; at < levels.length; at += 1) levels[at] = (1 - share) * levels[at]! + share * other[at]!;
}
