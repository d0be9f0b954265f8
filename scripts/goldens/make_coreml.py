"""Writes test/goldens/coreml/: a package as coremltools itself writes it, from numbers that a test can repeat.

Needs coremltools (made with 9.0)."""

import shutil
import sys
from pathlib import Path

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.mil import types

here = Path(__file__).resolve().parents[2] / "test/goldens/coreml"


def pattern(count, low, high):
    return np.array([low + i * 7 % (high - low + 1) for i in range(count)], np.int8)


@mb.program(input_specs=[mb.TensorSpec(shape=(2, 4))], opset_version=ct.target.iOS18)
def program(x):
    first = mb.constexpr_blockwise_shift_scale(
        data=pattern(48, -127, 127).reshape(12, 4),
        scale=np.array([2.0 ** -(3 + i % 3) for i in range(12)], np.float32).reshape(12, 1),
        offset=np.zeros((12, 1), np.int8),
    )
    int4 = types.nptype_from_builtin(types.int4)
    second = mb.constexpr_blockwise_shift_scale(
        data=pattern(36, -8, 7).reshape(3, 12).astype(int4),
        scale=np.full((3, 3), 0.5, np.float32),
        offset=pattern(9, -2, 2).reshape(3, 3).astype(int4),
    )
    bias = np.array([i / 8 for i in range(12)], np.float32)
    scale, zero_point = np.float32(0.25), np.int8(-3)
    hidden = mb.relu(x=mb.linear(x=x, weight=first, bias=bias))
    integers = mb.quantize(input=hidden, scale=scale, zero_point=zero_point, output_dtype="int8")
    hidden = mb.dequantize(input=integers, scale=scale, zero_point=zero_point)
    return mb.linear(x=hidden, weight=second, bias=np.zeros(3, np.float32), name="output")


model = ct.convert(program, compute_precision=ct.precision.FLOAT32, minimum_deployment_target=ct.target.iOS18, skip_model_load=True)
saved = Path(sys.argv[1]) / "written.mlpackage"
model.save(str(saved))
here.mkdir(parents=True, exist_ok=True)
for name in ["model.mlmodel", "weights/weight.bin"]:
    shutil.copyfile(saved / "Data/com.apple.CoreML" / name, here / Path(name).name)
