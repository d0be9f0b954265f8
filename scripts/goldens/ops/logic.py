"""Comparisons, logic and selection by a mask."""

import torch
from case import Case
from values import booleans, given, integers

SMALL = given([[1.0, 2.0, 3.0], [-1.0, 0.0, 3.0]])
ROW = given([1.0, 0.0, 3.0])

COMPARISONS = [
    case
    for op in ("eq", "ne", "lt", "le", "gt", "ge")
    for case in (
        Case(f"{op}.Tensor", "broadcast with equal values", [SMALL, ROW], gradient=False),
        Case(f"{op}.Scalar", "a number", [SMALL], {"other": 0}, gradient=False),
        Case(f"{op}.Tensor", "int64", [integers(3, 4, high=3), integers(3, 1, high=3)], gradient=False),
    )
]

CONNECTIVES = [
    case
    for op in ("logical_and", "logical_or")
    for case in (
        Case(op, "same shape", [booleans(3, 4), booleans(3, 4)]),
        Case(op, "broadcast both ways", [booleans(3, 1), booleans(2, 1, 4)]),
    )
] + [
    Case("logical_not", "values", [booleans(3, 4)]),
    Case("logical_not", "a vector", [given([True, False], torch.bool)]),
]

SELECTION = [
    Case("where.self", "same shape", [booleans(2, 3), (2, 3), (2, 3)]),
    Case("where.self", "broadcast all three", [booleans(3, 1), (2, 1, 1), (4,)]),
    Case("where.self", "a zero-dimensional operand", [booleans(2, 3), (2, 3), ()]),
    Case("where.ScalarOther", "a number where false", [booleans(2, 3), (2, 3)], {"other": -1.5}),
]

CASES = COMPARISONS + CONNECTIVES + SELECTION
