"""Weight-only quantization from file to file by the rivals: rival_weights.py RIVAL DTYPE SOURCE TARGET prints JSON.

RIVAL is "torchao" or "coreai-opt", DTYPE "int8" (by channels) or "int4" (blocks of 32). SOURCE is a safetensors file of one matrix. The seconds count from
opening the source to the synced target: imports are not in them. One thread."""

import json
import os
import resource
import sys
import time
import warnings

warnings.filterwarnings("ignore")

import torch
from safetensors.torch import load_file, save_file
from torch import nn

BLOCK = 32


def linear_of(source):
    (weight,) = load_file(source).values()
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False, device="meta")
    layer.weight = nn.Parameter(weight, requires_grad=False)
    return nn.Sequential(layer)


def with_torchao(model, dtype):
    from torchao.quantization import IntxWeightOnlyConfig, quantize_
    from torchao.quantization.granularity import PerAxis, PerGroup

    torch_dtype, granularity = (torch.int8, PerAxis(0)) if dtype == "int8" else (torch.int4, PerGroup(BLOCK))
    quantize_(model, IntxWeightOnlyConfig(weight_dtype=torch_dtype, granularity=granularity))
    weight = model[0].weight
    return {"codes": packed(weight.qdata, dtype), "scale": weight.scale.contiguous()}


def with_coreai_opt(model, dtype):
    from coreai_opt.quantization import Quantizer, QuantizerConfig

    blocks = {"type": "per_block", "axis": 1, "block_size": BLOCK}
    granularity = {"type": "per_channel", "axis": 0} if dtype == "int8" else blocks
    weight = {"dtype": dtype, "qscheme": "symmetric", "granularity": granularity}
    content = {"op_input_spec": None, "op_output_spec": None, "op_state_spec": {"weight": weight}}
    config = {"quantization_config": {"execution_mode": "eager", "global_config": content}}
    quantizer = Quantizer(model, QuantizerConfig.from_dict(config))
    example = torch.zeros(1, model[0].in_features)
    with torch.no_grad():
        quantizer.prepare((example,))
        finalized = quantizer.finalize()
    state = {name: value for name, value in finalized.state_dict().items() if value.numel() > 0}
    (codes,) = [value for name, value in state.items() if name.endswith("quantized_data")]
    (scale,) = [value for name, value in state.items() if name.endswith("scale")]
    return {"codes": packed(codes, dtype), "scale": scale.contiguous()}


def packed(codes, dtype):
    if dtype == "int8":
        return codes.contiguous()
    pairs = codes.view(torch.uint8).reshape(-1, 2)
    return (pairs[:, 0] & 15) | (pairs[:, 1] << 4)


def main():
    rival, dtype, source, target = sys.argv[1:]
    torch.set_num_threads(1)
    quantize = {"torchao": with_torchao, "coreai-opt": with_coreai_opt}[rival]
    # Imports and first calls are not what is measured.
    quantize(nn.Sequential(nn.Linear(64, 64, bias=False)), dtype)
    began, cpu = time.perf_counter(), time.process_time()
    save_file(quantize(linear_of(source), dtype), target)
    with open(target, "rb+") as file:
        os.fsync(file.fileno())
    ms, cpu_ms = (time.perf_counter() - began) * 1e3, (time.process_time() - cpu) * 1e3
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"ms": ms, "cpuMs": cpu_ms, "peakBytes": peak}))


if __name__ == "__main__":
    main()
