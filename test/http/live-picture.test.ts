import * as assert from "uvu/assert";
import { smallMap } from "../../agent/http/live-picture.js";
import { suite } from "../support/suite.js";

const test = suite("a map as the live view is sent it");

test("each value is the highest of those that it stands for, up to the edges, and what lies beyond the scale is 255", () => {
  const size = { width: 250, height: 101 };
  const map = new Float32Array(size.width * size.height);
  const put = (x: number, y: number, value: number): void => {
    map[y * size.width + x] = value;
  };
  put(0, 0, 0.25);
  put(4, 2, 0.5);
  put(3, 2, 0.1);
  put(249, 100, 7);
  put(100, 50, -1);
  put(101, 50, Number.NaN);
  const { width, height, values } = smallMap(map, size, 1);
  assert.equal([width, height], [84, 34]);
  const marked = [...values].flatMap((value, at) => (value > 0 ? [[at % width, Math.floor(at / width), value]] : []));
  assert.equal(marked, [
    [0, 0, 64],
    [1, 0, 128],
    [83, 33, 255],
  ]);
});

test("one that is small already is sent in its own size", () => {
  const size = { width: 3, height: 2 };
  const small = smallMap(Float32Array.of(0, 0.1, 0.2, 0.3, 0.4, 0.5), size, 0.5);
  assert.equal([small.width, small.height], [3, 2]);
  assert.equal([...small.values], [0, 51, 102, 153, 204, 255]);
});

test.run();
