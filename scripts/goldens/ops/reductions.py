"""Reductions over dims and running sums."""

import torch
from case import Case
from values import distinct, given, integers

ALL = {"dim": None}

SUMS = [
    case
    for op in ("mean.dim", "sum.dim_IntList")
    for case in (
        Case(op, "all", [(2, 3, 4)], ALL),
        Case(op, "one dim", [(2, 3, 4)], {"dim": [1]}),
        Case(op, "spatial dims, kept", [(2, 3, 4, 5)], {"dim": [2, 3], "keepdim": True}),
        Case(op, "negative dims, not adjacent", [(2, 3, 4)], {"dim": [-1, 0]}),
    )
] + [Case("sum.dim_IntList", "int64", [integers(3, 4)], {"dim": [1]})]

EXTREMA = [
    case
    for op in ("amax", "amin")
    for case in (
        Case(op, "all", [distinct(2, 3, 4)], {"dim": []}),
        Case(op, "last dim, kept", [distinct(2, 3, 4)], {"dim": [-1], "keepdim": True}),
        Case(op, "two dims", [distinct(2, 3, 4)], {"dim": [0, 2]}),
        Case(
            op,
            "ties share the gradient",
            [given([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])],
            {"dim": [1]},
            nonsmooth=True,
        ),
    )
]

VARIANCES = [
    Case("var.correction", "all, unbiased", [(3, 4)], {"dim": None, "correction": 1}),
    Case("var.correction", "one dim, biased", [(2, 3, 4)], {"dim": [1], "correction": 0}),
    Case("var.correction", "two dims, kept", [(2, 3, 4)], {"dim": [-1, 0], "correction": 1, "keepdim": True}),
    Case("var.correction", "correction 2", [(2, 5)], {"dim": [1], "correction": 2}),
]

POSITIONS = [
    Case("argmax", "all", [distinct(3, 4)], {"dim": None}),
    Case("argmax", "last dim", [distinct(3, 4)], {"dim": -1}),
    Case("argmax", "first dim, kept", [distinct(3, 4)], {"dim": 0, "keepdim": True}),
    Case("argmax", "the first of equals", [given([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])], {"dim": 1}),
    Case("argmin", "all", [distinct(3, 4)], {"dim": None}),
    Case("argmin", "last dim, kept", [distinct(3, 4)], {"dim": -1, "keepdim": True}),
    Case("argmin", "the first of equals", [given([[1.0, 3.0, 1.0], [2.0, 2.0, 2.0]])], {"dim": 1}),
    Case("cumsum", "first dim", [(3, 4)], {"dim": 0}),
    Case("cumsum", "negative dim", [(2, 3, 4)], {"dim": -2}),
    Case("cumsum", "int64", [given([[1, 2, 3], [4, 5, 6]], torch.int64)], {"dim": 1}),
]

CASES = SUMS + EXTREMA + VARIANCES + POSITIONS
