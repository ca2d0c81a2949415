import { chapter, failed, wrong } from "./chapter.js";

export const modelCodes = chapter("Models and weights", "docs/models.md", {
  ARCH_UNKNOWN: wrong("The architecture is none that Retort knows.", "See `retort train --help` for the names."),
  BUNDLE_HASH_MISMATCH: wrong(
    "model.onnx is not the file that model.json names by its SHA-256.",
    "The model was changed or its copy is damaged: copy the bundle again.",
  ),
  BUNDLE_INVALID: wrong(
    "model.json or model.onnx is not that of a bundle.",
    "Write the bundle again with `retort train` or `retort export`.",
  ),
  BUNDLE_ODD_PICTURES: wrong(
    "odd-pictures.json beside a model is not what training wrote.",
    "Remove it, or copy the bundle again: the model works without it.",
  ),
  BUNDLE_UNREADABLE: wrong(
    "The bundle's folder or one of its files cannot be read.",
    "Point to a directory with model.onnx and model.json, as `retort train` or `retort export` writes it.",
  ),
  BUNDLE_UNWRITABLE: failed(
    "The bundle cannot be written.",
    "Free disk space, correct the folder's permissions, or choose another --out.",
  ),
  MODEL_EXTERNAL_DATA: wrong(
    "The model keeps tensors in another file, which is never opened.",
    "Save the model with its tensors inside.",
  ),
  MODEL_FILE_UNREADABLE: wrong("The file of a model cannot be read.", "Check the path and the file's permissions."),
  MODEL_IMPORT_REFUSED: wrong(
    "Somebody else's model does not do what a bundle's has to.",
    "Give a model that takes one RGB picture and yields an anomaly map; the options of `retort import` say what is which.",
  ),
  MODEL_INTERFACE_MISMATCH: wrong(
    "The model's inputs or outputs are not those of a bundle.",
    "Write the bundle again with `retort train` or `retort export`.",
  ),
  MODEL_OPERATOR_REFUSED: wrong(
    "The model uses an operator or a feature that bundles may not have.",
    "Write the bundle again with `retort train` or `retort export`.",
  ),
  MODEL_NOT_LOWERED: wrong(
    "The model cannot be written in that precision.",
    "Quantise a float32 bundle, as `retort train`, `retort export` or `retort import` writes it.",
  ),
  MODEL_TENSOR_INVALID: wrong(
    "A tensor or an attribute of the model is malformed or far too large.",
    "The model was changed or its copy is damaged: write or copy the bundle again.",
  ),
  MODEL_TOO_LARGE: wrong(
    "The model is larger than any that Retort runs.",
    "Write the bundle again with `retort train` or `retort export`.",
  ),
  MODEL_UNKNOWN: wrong("A camera names a model that is not configured.", "Add it under models, or name another one."),
  MODEL_UNREADABLE: wrong(
    "model.onnx is not an ONNX model.",
    "The model was changed or its copy is damaged: write or copy the bundle again.",
  ),
  TEACHER_UNFIT: wrong(
    "The ONNX file is no teacher that a student can learn from.",
    "Give a network of one float image [N, 3, H, W], and by --taps three of its maps, each of half the height and width of the one before.",
  ),
  WEIGHTS_FORMAT: wrong(
    "The weights are not in a format that is read.",
    "Give a .safetensors, .pth or .pt file, or convert yours to one of them, the tensor names unchanged.",
  ),
  WEIGHTS_MISMATCH: wrong(
    "The weights do not fit the network.",
    "Use weights of the named architecture, with torchvision's (teacher) or RD4AD's (student) tensor names.",
  ),
  WEIGHTS_NOT_FINITE: wrong(
    "The weights hold NaN or infinity.",
    "Take weights of a training that did not diverge, from a whole copy of their file.",
  ),
  WEIGHTS_REFUSED: wrong(
    "The file of weights asks Python to build or run something that tensors by name are not made of. Nothing of it was run.",
    "Where you trust its source, save it anew with torch.save(model.state_dict(), FILE); where you do not, delete it.",
  ),
  WEIGHTS_UNREADABLE: wrong(
    "The file of weights cannot be read.",
    "Give a complete .safetensors, .pth or .pt file with tensors of floating-point numbers by name.",
  ),
});

export const trainingCodes = chapter("Training and evaluation", "docs/models.md", {
  BENCH_FAILED: failed("The bench could not start the model.", "Run `retort doctor` to see what this machine lacks."),
  CHECKPOINT_EXISTS: wrong(
    "An unfinished training of this bundle is kept.",
    "Go on with --resume, or delete the checkpoint to begin anew.",
  ),
  CHECKPOINT_MISMATCH: wrong(
    "The checkpoint belongs to other pictures or settings, or to a build of Retort that trains otherwise.",
    "Resume with the same pictures, teacher, size, batch, seed and build, or delete the checkpoint.",
  ),
  CHECKPOINT_UNREADABLE: wrong("The checkpoint cannot be read.", "Delete the checkpoint and train from the beginning."),
  DATA_LAYOUT: wrong(
    "The folder of test pictures is not in the layout of MVTec AD.",
    "Name a folder in the MVTec AD layout: test/good, test/<defect type>, ground_truth/<defect type>/<name>_mask.png.",
  ),
  DATA_MIXED: wrong(
    "The folder of good pictures holds tests, masks or other kinds of parts, too.",
    "Name the folder of the good parts alone, such as train/good of a data set.",
  ),
  DATA_NO_DEFECTS: wrong(
    "The test pictures hold no defect type.",
    "Put pictures of each defect type into a folder of its own, such as test/scratch.",
  ),
  DATA_NO_GOOD: wrong(
    "The test pictures hold no good parts.",
    "Put pictures of good parts, not used in training, into test/good.",
  ),
  IMAGE_FOLDER_EMPTY: wrong(
    "The folder holds no pictures.",
    "Put pictures there (png, jpg, bmp, tif, webp), or name the folder that holds them.",
  ),
  IMAGE_FOLDER_MISSING: wrong(
    "There is no folder of this name.",
    "Name a folder that holds pictures (png, jpg, bmp, tif, webp).",
  ),
  IMAGE_FOLDER_UNREADABLE: wrong(
    "A folder of pictures cannot be read.",
    "Let this user read the folder, or move it elsewhere.",
  ),
  IMAGE_UNREADABLE: wrong(
    "A picture cannot be read, or its file is damaged.",
    "Remove the file or replace it with a whole picture.",
  ),
  METRIC_NOT_FINITE: wrong(
    "The model gave a score that is not a finite number.",
    "The model is damaged or its training diverged: train it again.",
  ),
  METRIC_ONE_CLASS: wrong(
    "The figures need both good and defective examples.",
    "The data must hold both good and defective examples, with masks that mark some but not all pixels.",
  ),
  OPTION_INVALID: wrong("An option has a value that it cannot take.", "See --help of the command for its range."),
  REPORT_UNWRITABLE: failed(
    "A report, a list of scores or a heat map cannot be written.",
    "Name a place that can be written with --report, --scores or --maps.",
  ),
  TOO_FEW_IMAGES: wrong(
    "There are too few readable pictures to train with.",
    "Give more pictures of good parts; a hundred or more make a good model.",
  ),
  TRAINING_DIVERGED: failed(
    "The loss of the training is no number any more.",
    "Try another --seed or a larger --batch; the last checkpoint is kept.",
  ),
  TRAINING_STOPPED: failed("The training was stopped.", "Run the same command with --resume to go on from here."),
});
