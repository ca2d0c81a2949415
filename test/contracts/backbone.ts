import * as assert from "uvu/assert";
import { Graph } from "../../models/graph/graph.js";
import type { Backbone } from "../../models/network/backbones/backbone.js";
import { FoldedLayers } from "../../models/network/layers/folded-layers.js";
import { studentParameters, teacherParameters } from "../../models/network/parameters.js";
import { teacherGraph } from "../../models/network/rd.js";
import { taught } from "../../models/network/student.js";
import { encodeModel } from "../../models/onnx/encode.js";
import { floatsOf, openSession, Tensor } from "../../models/onnx/session.js";
import { createRandom } from "../../models/random.js";
import { initialWeights } from "../../models/training/initial.js";
import { suite } from "../support/suite.js";

/** What every backbone promises to the rest of the network, to training and to the import of weights. */
export function backboneContract(backbone: Backbone): void {
  const test = suite(`backbone ${backbone.name}`);
  const width = 4 * backbone.scales[2].stride;
  const height = 2 * backbone.scales[2].stride;

  test("three scales, each with half the height and width of the one before", () => {
    const [fine, middle, coarse] = backbone.scales;
    assert.is(middle.stride, 2 * fine.stride);
    assert.is(coarse.stride, 2 * middle.stride);
  });

  test("its maps have the channels and sizes of its scales, for any number of images", async () => {
    const weights = initialWeights(teacherParameters(backbone), createRandom(1));
    const session = await openSession(encodeModel(teacherGraph(backbone, weights, { width, height })), { threads: 1 });
    for (const images of [1, 3]) {
      const pixels = Uint8Array.from({ length: images * height * width * 3 }, (_, at) => (at * 7919) % 251);
      const outputs = await session.run({ image: new Tensor("uint8", pixels, [images, height, width, 3]) });
      for (const [index, { channels, stride }] of backbone.scales.entries()) {
        const map = outputs[`f${index + 1}`];
        assert.equal(map?.dims, [images, channels, height / stride, width / stride]);
        const values = floatsOf(map);
        assert.ok(values.every(Number.isFinite));
        assert.ok(new Set(values).size > 1, "the image shows in the map");
      }
    }
    await session.close();
  });

  test("its student restores maps of the same shapes", () => {
    const g = new Graph("shapes");
    const layers = new FoldedLayers(g, initialWeights(studentParameters(backbone), createRandom(1)));
    const [fine, middle, coarse] = backbone.scales.map(({ channels, stride }) =>
      g.input("map", "float32", ["N", channels, height / stride, width / stride]),
    );
    const maps = [fine!, middle!, coarse!] as const;
    const { embedding, restored } = taught(layers, backbone, maps);
    assert.equal(
      restored.map(({ shape }) => shape),
      maps.map(({ shape }) => shape),
    );
    const { channels, stride } = backbone.scales[2];
    assert.equal(embedding.shape, ["N", 2 * channels, height / (2 * stride), width / (2 * stride)]);
  });

  test("its tensors have a name each, and none of them is one that takes no part", () => {
    const names = [...teacherParameters(backbone), ...studentParameters(backbone)].map(({ name }) => name);
    assert.is(new Set(names).size, names.length);
    assert.equal(
      names.filter((name) => backbone.unused(name)),
      [],
    );
  });

  test.run();
}
