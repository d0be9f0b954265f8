"""Judges packages for Core ML with coremltools: the specification, types and shapes of every operation, the decompressed weights (bit for bit), all passes
of the converter, what the program computes by mil_interpreter.py, and, where the manifest says so, that the operations left by the passes are those that the
reference's own conversion ends with.

Usage: python check_coreml.py FOLDER, which has manifest.json. Tensors `weight.<name>` of an entry are the values of its weights."""

import logging
import sys
from collections import Counter
from pathlib import Path

logging.disable(logging.WARNING)

import coremltools as ct
import numpy as np
from coremltools.converters.mil.frontend.milproto.load import load
from safetensors.numpy import load_file
from verdicts import expect_equal, judge

import mil_interpreter
from reference_operations import operations_of, reference_operations

# By model and configuration: operations that only lowbit has, those that only the reference has, and why.
KNOWN_DIFFERENCES = {
    "conv_bn_acts.w8a8": (({}, {"thresholded_relu": 1}), "a hardswish whose hard sigmoid is 0 below -3 without it"),
    "conv_transpose.w8a8": (({"slice_by_index": 1}, {"crop": 1}), "two ways to leave an edge out"),
    "interleaved_reuse.w8a8": (
        ({"quantize": 1, "dequantize": 1, "squeeze": 1}, {"reshape": 1}),
        "a pass drops a second quantize behind a reshape, and knows no squeeze",
    ),
    "linear_acts.w8a8": (({"reduce_log_sum_exp": 1, "sub": 1}, {"softmax": 1, "log": 1}), "the logarithm of a softmax that underflows is -inf"),
    "matmul.w8a8": (({"matmul": 1}, {"linear": 1}), "a product with a constant that is no weight of a layer"),
    "pools.w8a8": (
        ({"matmul": 2}, {"slice_by_index": 4, "reduce_mean": 4, "concat": 1, "reshape": 1}),
        "an adaptive pool is one product for each axis, or a mean for each window",
    ),
}
LAYOUT = {"Manifest.json", "Data/com.apple.CoreML/model.mlmodel", "Data/com.apple.CoreML/weights/weight.bin"}


def check_layout(path):
    files = {str(file.relative_to(path)) for file in Path(path).rglob("*") if file.is_file()}
    if files != LAYOUT:
        raise AssertionError(f"expected the files {sorted(LAYOUT)}, got {sorted(files)}")


def loaded(path):
    """The program as coremltools builds it anew, which infers and checks all types, and the types that the file declares."""
    spec = ct.models.MLModel(str(path), skip_model_load=True).get_spec()
    weights = Path(path) / "Data/com.apple.CoreML/weights"
    program = load(spec, specification_version=spec.specificationVersion, file_weights_dir=str(weights))
    return spec, program


def check_types(spec, program):
    block = spec.mlProgram.functions["main"].block_specializations["CoreML8"]
    declared = {output.name: output.type.tensorType for op in block.operations for output in op.outputs}
    for operation in program.functions["main"].operations:
        for output in operation.outputs:
            if output.name not in declared:
                continue
            expected = [size.constant.size if size.HasField("constant") else None for size in declared[output.name].dimensions]
            inferred = [int(size) if isinstance(size, (int, np.integer)) else None for size in output.shape]
            if len(expected) != len(inferred) or any(a is not None and b is not None and a != b for a, b in zip(expected, inferred)):
                raise AssertionError(f"{output.name} ({operation.op_type}): the file says {expected}, coremltools infers {inferred}")


def check_weights(program, weights):
    """Decompressed weights, by their names in the program, against the values that lowbit's model has. Recurrent layers have their rows in another order."""
    ours = {name.replace(".", "_"): values for name, values in weights.items()}
    compressed = [op for op in program.functions["main"].operations if op.op_type.startswith("constexpr_")]
    for operation in compressed:
        name = operation.outputs[0].name
        stem, _, number = name.rpartition("_")
        expected = ours.get(name, ours.get(stem) if number.isdigit() else None)
        if expected is None:
            raise AssertionError(f"expected a weight of lowbit's model, got {name}")
        found = operation.materialized_val_inference()
        rows = sorted if name not in ours else list
        same = rows(row.tobytes() for row in found) == rows(row.tobytes() for row in expected)
        if found.dtype != np.float32 or found.shape != expected.shape or not same:
            raise AssertionError(f"the weight {name} differs from lowbit's")
    return len(compressed)


def check_operations(name, ours, theirs):
    """The same operations as often, but for the differences that are known."""
    differences = (dict(ours - theirs), dict(theirs - ours))
    known, _ = KNOWN_DIFFERENCES.get(name, (({}, {}), ""))
    if differences != known:
        raise AssertionError(f"only in lowbit's program: {differences[0]}; only in the reference's: {differences[1]}")


def check(entry, path, inputs, expected):
    check_layout(path)
    spec, program = loaded(path)
    check_types(spec, program)
    tensors = load_file(path.parent / entry["tensors"])
    weights = {name.removeprefix("weight."): value for name, value in tensors.items() if name.startswith("weight.")}
    count = check_weights(program, weights)
    narrowed = [value.astype(np.int32) if value.dtype == np.int64 else value for value in inputs]
    worst = expect_equal("the program", mil_interpreter.run(program, narrowed), expected, entry["tolerance"])
    kinds = Counter(op.op_type for op in program.functions["main"].operations if op.op_type != "const")
    converted = ct.convert(program, source="milinternal", convert_to="mlprogram", skip_model_load=True,
                           minimum_deployment_target=ct.target.iOS18, compute_precision=ct.precision.FLOAT32)
    passed = converted._mil_program.functions["main"].operations
    lost = kinds["constexpr_blockwise_shift_scale"] - sum(op.op_type.startswith("constexpr_") for op in passed)
    if lost > 0:
        raise AssertionError(f"the passes turn {lost} compressed weights into floats")
    if "reference" in entry:
        check_operations(entry["id"], operations_of(converted), reference_operations(path.parent, entry["reference"], inputs))
    return f"{worst:.1e}, {count} compressed weights, {sum(kinds.values())} operations"


if __name__ == "__main__":
    judge(sys.argv[1], check)
