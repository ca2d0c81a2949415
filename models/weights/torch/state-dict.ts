import type { Pickled, TensorView } from "./pickle.js";

/** Under which a training's checkpoint keeps the network. */
const NETWORK = ["state_dict", "model_state_dict", "model"];
/** What a training's checkpoint keeps beside the network; their tensors are no weights. */
const BESIDE = /^(.*optimi[sz]er.*|.*scheduler.*|scaler|rng_state)$/;
/** Dictionaries within dictionaries; a checkpoint has two or three. */
const MOST_DEPTH = 8;
/** A pickle of a few bytes may name the same tensors, or dictionaries without any, again and again. */
const MOST_ENTRIES = 100_000;
/** Every tensor in a dictionary has its name before its own. */
const MOST_NAME_LENGTH = 1_000;

/**
 * The tensors of what torch.save was given, by name: a state dict's own, dictionaries within it as prefixes (`bn.`, `decoder.` of RD4AD's
 * checkpoints), a training's checkpoint looked into. Other values (epochs, losses) are left out.
 * @throws TypeError where there is no tensor, RangeError for more than any network has
 */
export function stateDictOf(root: Pickled): ReadonlyMap<string, TensorView> {
  const found = new Map<string, TensorView>();
  let entries = 0;
  const visit = (value: Pickled, prefix: string, depth: number): void => {
    if (typeof value !== "object" || value === null || value.kind !== "dict") return;
    if (depth > MOST_DEPTH) throw new RangeError(`its dictionaries are nested more than ${MOST_DEPTH} deep`);
    for (const [key, each] of value.entries) {
      entries += 1;
      if (entries > MOST_ENTRIES) throw new RangeError(`its dictionaries have more than ${MOST_ENTRIES} entries`);
      const own = keyText(key);
      if (prefix.length + own.length > MOST_NAME_LENGTH)
        throw new RangeError(`a name in it has more than ${MOST_NAME_LENGTH} characters`);
      const name = prefix + own;
      if (depth === 0 && BESIDE.test(name)) continue;
      if (typeof each !== "object" || each?.kind !== "tensor") visit(each, `${name}.`, depth + 1);
      else if (found.has(name)) throw new RangeError(`it holds ${name} twice`);
      else found.set(name, each);
    }
  };
  visit(networkIn(root), "", 0);
  if (found.size === 0) throw new TypeError("it holds no state dict: no tensor by name");
  return found;
}

function networkIn(root: Pickled): Pickled {
  if (typeof root !== "object" || root?.kind !== "dict" || root.entries.has("decoder")) return root;
  const within = NETWORK.map((name) => root.entries.get(name) ?? null).find(
    (value) => typeof value === "object" && value?.kind === "dict",
  );
  return within ?? root;
}

function keyText(key: Pickled): string {
  return typeof key === "string" ? key : typeof key === "number" ? String(key) : "?";
}
