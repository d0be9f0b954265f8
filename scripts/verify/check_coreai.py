"""Judges programs for Core AI: torch.export.load, a run in PyTorch, conversion by coreai-torch, a run in Core AI's CPU runtime.

Usage: python check_coreai.py FOLDER, which has manifest.json."""

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import coreai_torch._compression.custom_layers  # registers the operations that programs call
import numpy as np
import torch
from coreai.authoring import AIModelAsset
from coreai.runtime import NDArray
from coreai_torch import TorchConverter, get_decomp_table
from verdicts import expect_equal, judge


async def execute(asset, inputs):
    async with AIModelAsset.load(asset).executable() as model:
        function = model.load_function("main")
        names = function.desc.input_names
        # Core AI has no 64-bit integers: coreai-torch makes them 32 bits wide.
        narrow = [value.astype(np.int32) if value.dtype == np.int64 else value for value in inputs]
        results = await function({name: NDArray(value) for name, value in zip(names, narrow, strict=True)})
        return [results[name].numpy() for name in function.desc.output_names]


def check(entry, path, inputs, expected):
    program = torch.export.load(path)
    with torch.no_grad():
        outputs = program.module()(*[torch.from_numpy(value) for value in inputs])
    flat, _ = torch.utils._pytree.tree_flatten(outputs)
    in_torch = expect_equal("PyTorch", [value.numpy() for value in flat], expected, entry["tolerance"])
    converted = TorchConverter().add_exported_program(program.run_decompositions(get_decomp_table())).to_coreai()
    with TemporaryDirectory() as folder:
        asset = Path(folder) / "model.aimodel"
        converted.save_asset(asset)
        if not AIModelAsset.is_valid(asset):
            raise AssertionError("expected a valid asset, got an invalid one")
        results = asyncio.run(execute(asset, inputs))
    in_coreai = expect_equal("Core AI", results, expected, entry["tolerance"])
    return f"PyTorch {in_torch:.1e}, Core AI {in_coreai:.1e}"


if __name__ == "__main__":
    judge(sys.argv[1], check)
