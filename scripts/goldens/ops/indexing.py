"""Lookups by integer indices."""

import torch
from case import Case
from values import given, integers


def ids(values):
    return given(values, torch.int64)


CASES = [
    Case("embedding", "a vector of ids with repeats", [(5, 3), ids([1, 4, 1, 0])], {"padding_idx": -1}),
    Case("embedding", "a batch of sequences", [(7, 4), integers(2, 5, high=7)], {"padding_idx": -1}),
    Case(
        "embedding",
        "the padding row gets no gradient",
        [(5, 3), ids([[0, 2, 0], [2, 1, 3]])],
        {"padding_idx": 0},
    ),
    Case("index.Tensor", "rows", [(4, 3), [ids([2, 0, 2])]]),
    Case("index.Tensor", "second dim", [(3, 4, 2), [None, ids([3, 1])]]),
    Case("index.Tensor", "two dims at once, broadcast", [(3, 4), [ids([[0], [2]]), ids([1, 3])]]),
    Case("index.Tensor", "a matrix of rows, negative", [(4, 3), [ids([[0, -1], [1, 1]])]]),
    Case("index.Tensor", "two adjacent inner dims", [(2, 3, 4), [None, ids([0, 2]), ids([1, 3])]]),
    Case("gather", "last dim", [(2, 4), ids([[0, 3, 3], [1, 0, 2]])], {"dim": 1}),
    Case("gather", "first dim", [(3, 2), ids([[2, 0]])], {"dim": 0}),
    Case("gather", "negative dim, smaller index", [(2, 3, 4), integers(2, 2, 3, high=4)], {"dim": -1}),
]
