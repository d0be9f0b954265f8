"""What onnxruntime.quantization makes of a model, in the way that its documentation recommends.

rival.py CONFIG MODEL OUT [CALIBRATION]: CONFIG is w8a8, w8 or w4-block; CALIBRATION is a folder of safetensors files, each a
complete set of inputs under their names. Prints one JSON line: seconds from opening the files to the written model, and versions.
"""

import json
import os
import sys
import tempfile
import time

STARTED = time.perf_counter()

import numpy as np  # noqa: E402

DTYPES = {"F32": np.float32, "F16": np.float16, "I64": np.int64, "I32": np.int32, "U8": np.uint8, "BOOL": np.bool_}


def read_arrays(path):
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        data = file.read()
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(data[slice(*entry["data_offsets"])], DTYPES[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
    }


def make_ready(model, work):
    """The model with its tensors as initializers and of opset 13 at least: quantizing older ones per channel, or tensors in Constant nodes, fails."""
    import onnx
    from onnx import version_converter

    proto = onnx.load(model)
    constants = {
        node.output[0]: node.attribute[0].t
        for node in proto.graph.node
        if node.op_type == "Constant" and node.attribute[0].name == "value"
    }
    kept = [node for node in proto.graph.node if node.op_type != "Constant" or node.output[0] not in constants]
    del proto.graph.node[:]
    proto.graph.node.extend(kept)
    for name, tensor in constants.items():
        tensor.name = name
        proto.graph.initializer.append(tensor)
    if min(entry.version for entry in proto.opset_import if entry.domain == "") < 13:
        proto = version_converter.convert_version(proto, 17)
    path = os.path.join(work, "model.onnx")
    onnx.save(proto, path)
    return path


def make_static(model, out, folder):
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.files = iter(sorted(os.listdir(folder)))

        def get_next(self):
            name = next(self.files, None)
            return None if name is None else read_arrays(os.path.join(folder, name))

    ready = model + ".ready"
    note = ""
    try:
        quant_pre_process(model, ready)
    except Exception as error:  # It says itself that it cannot infer some models: they are then quantized as they are.
        note = f"quant_pre_process failed: {str(error)[:120]}"
        ready = model
    quantize_static(ready, out, Reader(), quant_format=QuantFormat.QDQ, per_channel=True)
    return note


def make_dynamic(model, out):
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(model, out, per_channel=True, weight_type=QuantType.QInt8)
    return ""


def make_blocks(model, out):
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    import onnx

    quantizer = MatMulNBitsQuantizer(onnx.load(model), bits=4, block_size=32, is_symmetric=True)
    quantizer.process()
    quantizer.model.save_model_to_file(out)
    return ""


def main(config, model, out, folder=None):
    model, out, folder = (path and os.path.abspath(path) for path in (model, out, folder))
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)  # Its shape inference leaves files in the current folder.
        model = make_ready(model, work)
        if config == "w8a8":
            note = make_static(model, out, folder)
        elif config == "w8":
            note = make_dynamic(model, out)
        else:
            note = make_blocks(model, out)
    seconds, cpu_seconds = time.perf_counter() - STARTED, time.process_time()
    import onnx
    import onnxruntime

    versions = {"onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__}
    print(json.dumps({"seconds": seconds, "cpuSeconds": cpu_seconds, "note": note, "versions": versions}))


main(*sys.argv[1:])
