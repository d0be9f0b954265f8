"""Scaled dot-product attention: query [..., L, E], key [..., S, E], value [..., S, Ev], mask [..., L, S]."""

import torch
from case import Case
from values import given, normal

OP = "scaled_dot_product_attention"
QUERY, KEY, VALUE = (2, 2, 4, 3), (2, 2, 5, 3), (2, 2, 5, 3)
KEEP = given(
    [
        [True, False, True, True, False],
        [True, True, False, True, True],
        [False, True, True, True, True],
        [True, False, False, False, True],
    ],
    torch.bool,
)
KEEP_KEYS = given([[[[True, True, True, False, False]]], [[[True, True, True, True, True]]]], torch.bool)

CASES = [
    Case(OP, "no mask", [QUERY, KEY, VALUE]),
    Case(OP, "causal", [QUERY, (2, 2, 4, 3), (2, 2, 4, 3)], {"is_causal": True}),
    Case(OP, "causal, more keys than queries", [QUERY, KEY, VALUE], {"is_causal": True}),
    Case(OP, "scale 0.25", [QUERY, KEY, VALUE], {"scale": 0.25}),
    Case(OP, "a float mask", [QUERY, KEY, VALUE, normal(4, 5)]),
    Case(OP, "a float mask per head", [QUERY, KEY, VALUE, normal(1, 2, 4, 5)], {"scale": 1.0}),
    Case(OP, "a bool mask keeps where true", [QUERY, KEY, VALUE, KEEP]),
    Case(OP, "a bool mask of keys per batch", [QUERY, KEY, VALUE, KEEP_KEYS]),
    Case(OP, "three dims, values of another width", [(2, 4, 3), (2, 5, 3), (2, 5, 6)]),
]
