"""What operations the reference's own way to Core ML ends with: coreai-opt quantizes a program, coremltools converts the traced result."""

import contextlib
import io
from collections import Counter

import coremltools as ct
import numpy as np
import torch


def operations_of(model):
    """How often each operation is in a converted model, constants apart."""
    return Counter(op.op_type for op in model._mil_program.functions["main"].operations if op.op_type != "const")


def reference_operations(folder, reference, inputs):
    """The operations that a float program (`program`, a .pt2) has when it was quantized by `config`, a quantizer's global config."""
    try:
        from coreai_opt import ExportBackend
        from coreai_opt.quantization import Quantizer, QuantizerConfig
    except ImportError as error:
        raise AssertionError("expected coreai-opt in the environment, got none: make it anew") from error
    tensors = tuple(torch.from_numpy(value) for value in inputs)
    config = QuantizerConfig.from_dict({"quantization_config": {"global_config": reference["config"]}})
    program = torch.export.load(str(folder / reference["program"]))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        quantizer = Quantizer(program.module(), config)
        prepared = quantizer.prepare(tensors)
        prepared.eval()
        with quantizer.calibration_mode():
            prepared(*tensors)
        traced = torch.jit.trace(quantizer.finalize(backend=ExportBackend.CoreML), tensors, check_trace=False)
        types = [ct.TensorType(shape=value.shape, dtype=np.int32 if value.dtype == np.int64 else np.float32) for value in inputs]
        return operations_of(ct.convert(traced, inputs=types, convert_to="mlprogram", skip_model_load=True,
                                        minimum_deployment_target=ct.target.iOS18, compute_precision=ct.precision.FLOAT32))
