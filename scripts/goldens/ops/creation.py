"""Tensors made from attributes alone, or from the shape of another."""

import torch
from case import Case
from values import integers

CASES = [
    Case("zeros", "float32", [], {"size": [2, 3], "dtype": torch.float32}),
    Case("zeros", "int64", [], {"size": [4], "dtype": torch.int64}),
    Case("ones", "float32", [], {"size": [2, 3], "dtype": torch.float32}),
    Case("ones", "bool", [], {"size": [2, 1], "dtype": torch.bool}),
    Case("full", "float32", [], {"size": [2, 3], "fill_value": -1.5, "dtype": torch.float32}),
    Case("full", "int64", [], {"size": [3], "fill_value": 7, "dtype": torch.int64}),
    Case("full", "zero dims", [], {"size": [], "fill_value": 0.25, "dtype": torch.float32}),
    Case("zeros_like", "float32", [(2, 3)], {"dtype": torch.float32}, gradient=False),
    Case("zeros_like", "int64", [integers(3)], {"dtype": torch.int64}),
    Case("ones_like", "float32", [(2, 3)], {"dtype": torch.float32}, gradient=False),
    Case("ones_like", "another dtype", [(2, 3)], {"dtype": torch.int64}, gradient=False),
    Case("arange.start_step", "int64", [], {"start": 0, "end": 5, "step": 1, "dtype": torch.int64}),
    Case(
        "arange.start_step",
        "a step that misses the end",
        [],
        {"start": 1, "end": 8, "step": 3, "dtype": torch.int64},
    ),
    Case("arange.start_step", "downwards", [], {"start": 5, "end": -1, "step": -2, "dtype": torch.int64}),
    Case(
        "arange.start_step", "float32", [], {"start": 0.5, "end": 2.0, "step": 0.25, "dtype": torch.float32}
    ),
]
