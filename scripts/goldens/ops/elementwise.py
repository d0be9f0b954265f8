"""Arithmetic, powers, exponentials and clamps."""

import torch
from case import Case
from values import away, distinct, given, integers, normal, positive

BINARY = [
    case
    for op in ("add", "sub")
    for case in (
        Case(f"{op}.Tensor", "same shape", [(2, 3), (2, 3)]),
        Case(f"{op}.Tensor", "broadcast a vector on the right", [(2, 3, 4), (4,)]),
        Case(
            f"{op}.Tensor", "broadcast on the left and inside, alpha 0.5", [(3, 1), (2, 1, 4)], {"alpha": 0.5}
        ),
        Case(f"{op}.Tensor", "a zero-dimensional operand", [(2, 3), ()]),
        Case(f"{op}.Scalar", "a number", [(2, 3)], {"other": 2}),
        Case(f"{op}.Scalar", "a number with alpha", [(2, 3)], {"other": 1.5, "alpha": 3}),
        Case(f"{op}.Tensor", "int64", [integers(2, 3), integers(3)]),
    )
]

PRODUCTS = [
    Case("mul.Tensor", "same shape", [(2, 3), (2, 3)]),
    Case("mul.Tensor", "broadcast both ways", [(2, 1, 4), (3, 1)]),
    Case("mul.Tensor", "a channel gate", [(2, 3, 4, 4), (2, 3, 1, 1)]),
    Case("mul.Scalar", "a number", [(2, 3)], {"other": -0.5}),
    Case("mul.Tensor", "int64", [integers(2, 3), integers(2, 1)]),
    Case("div.Tensor_mode", "same shape", [(2, 3), away(2, 3, gap=0.5)], {"rounding_mode": None}),
    Case("div.Tensor_mode", "broadcast both ways", [(3, 1), away(2, 1, 4, gap=0.5)], {"rounding_mode": None}),
    Case("div.Scalar_mode", "a number", [(2, 3)], {"other": 4, "rounding_mode": None}),
    Case("div.Tensor_mode", "floor", [normal(3, 4, scale=4), away(4, gap=0.5)], {"rounding_mode": "floor"}),
    Case("div.Tensor_mode", "trunc", [normal(3, 4, scale=4), away(4, gap=0.5)], {"rounding_mode": "trunc"}),
    Case(
        "div.Scalar_mode",
        "floor by a number",
        [normal(2, 3, scale=4)],
        {"other": 2, "rounding_mode": "floor"},
    ),
    Case(
        "div.Tensor_mode",
        "floor of int64, both signs",
        [given([-7, -6, 5, 7], torch.int64), given([2, 3, -2, 4], torch.int64)],
        {"rounding_mode": "floor"},
    ),
    Case("rsub.Scalar", "a number", [(2, 3)], {"other": 1}),
    Case("rsub.Scalar", "a number with alpha", [(2, 3)], {"other": 1.5, "alpha": 2}),
    Case("rsub.Tensor", "broadcast, alpha 0.5", [(2, 3), (3,)], {"alpha": 0.5}),
]

POWERS = [
    Case("pow.Tensor_Scalar", "square", [(2, 3)], {"exponent": 2}),
    Case("pow.Tensor_Scalar", "cube", [(2, 3)], {"exponent": 3}),
    Case("pow.Tensor_Scalar", "square root", [positive(2, 3)], {"exponent": 0.5}),
    Case("pow.Tensor_Scalar", "inverse", [positive(2, 3)], {"exponent": -1}),
    Case("pow.Tensor_Scalar", "exponent zero", [(2, 3)], {"exponent": 0}),
    Case("pow.Tensor_Tensor", "broadcast", [positive(2, 3), normal(3)]),
    Case("pow.Scalar", "a number to a tensor", [(2, 3)], {"self": 2}),
    Case("sqrt", "values", [positive(2, 3)]),
    Case("sqrt", "a large range", [positive(4, low=1e-3, high=1e3)]),
    Case("rsqrt", "values", [positive(2, 3)]),
    Case("rsqrt", "a large range", [positive(4, low=1e-2, high=1e3)]),
    Case("reciprocal", "values", [away(2, 3, gap=0.5)]),
    Case("reciprocal", "a large range", [given([-1e4, -1e-2, 1e-2, 1e4])]),
    Case("exp", "values", [(2, 3)]),
    Case("exp", "far below and above zero", [given([-80.0, -5.0, 0.0, 5.0, 20.0])]),
    Case("log", "values", [positive(2, 3)]),
    Case("log", "a large range", [given([1e-6, 0.1, 1.0, 10.0, 1e6])]),
    Case("sin", "values", [normal(2, 3, scale=3)]),
    Case("sin", "quarter turns", [given([-3.1415927, -1.5707964, 0.0, 1.5707964, 3.1415927])]),
    Case("cos", "values", [normal(2, 3, scale=3)]),
    Case("cos", "quarter turns", [given([-3.1415927, -1.5707964, 0.0, 1.5707964, 3.1415927])]),
    Case("erf", "values", [(2, 3)]),
    Case("erf", "saturated", [given([-6.0, -2.0, 0.0, 2.0, 6.0])]),
]

SIGNS = [
    Case("neg", "values", [(2, 3)]),
    Case("neg", "int64", [integers(2, 3, low=-5)]),
    Case("abs", "values", [away(2, 3)]),
    Case("abs", "zeros at the kink", [given([-1.0, 0.0, 2.0, 0.0])], nonsmooth=True),
    Case("sign", "values and zero", [given([-2.5, -0.0, 0.0, 1e-6, 3.0])], gradient=False),
    Case("sign", "random", [(2, 3)], gradient=False),
    Case("floor", "values and whole numbers", [given([-1.5, -1.0, -0.2, 0.0, 0.7, 2.0])], gradient=False),
    Case("floor", "random", [normal(2, 3, scale=4)], gradient=False),
    Case("ceil", "random", [normal(2, 3, scale=4)], gradient=False),
    Case("ceil", "values and whole numbers", [given([-1.5, -1.0, -0.2, 0.0, 0.7, 2.0])], gradient=False),
    Case(
        "round", "halves go to even", [given([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49999997])], gradient=False
    ),
    Case("round", "random", [normal(2, 3, scale=4)], gradient=False),
]

LIMITS = [
    Case("clamp", "both bounds", [away(3, 4, kinks=(-0.5, 0.8))], {"min": -0.5, "max": 0.8}),
    Case("clamp", "only a lower bound", [away(3, 4, kinks=(0.2,))], {"min": 0.2, "max": None}),
    Case("clamp", "only an upper bound", [away(3, 4, kinks=(0.2,))], {"min": None, "max": 0.2}),
    Case(
        "clamp",
        "values on the bounds",
        [given([-2.0, -1.0, 0.0, 1.0, 2.0])],
        {"min": -1, "max": 1},
        nonsmooth=True,
    ),
    Case("minimum", "same shape", [distinct(3, 4), distinct(3, 4, low=-1.9, high=1.8)]),
    Case("minimum", "broadcast both ways", [distinct(2, 1, 4), distinct(3, 1, low=-1.1, high=1.2)]),
    Case("minimum", "ties", [given([1.0, 2.0, 3.0]), given([1.0, 3.0, 3.0])], nonsmooth=True),
    Case("maximum", "same shape", [distinct(3, 4), distinct(3, 4, low=-1.9, high=1.8)]),
    Case("maximum", "broadcast both ways", [distinct(2, 1, 4), distinct(3, 1, low=-1.1, high=1.2)]),
    Case("maximum", "ties", [given([1.0, 2.0, 3.0]), given([1.0, 3.0, 3.0])], nonsmooth=True),
]

CASES = BINARY + PRODUCTS + POWERS + SIGNS + LIMITS
