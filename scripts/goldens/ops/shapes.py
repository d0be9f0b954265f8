"""Ops that move, join and cut data."""

import torch
from case import Case
from values import booleans, given, integers, normal

JOINS = [
    Case("cat", "channels", [[(2, 1, 3), (2, 2, 3), (2, 4, 3)]], {"dim": 1}),
    Case("cat", "negative dim", [[(2, 3), (2, 1)]], {"dim": -1}),
    Case("cat", "int64, first dim", [[integers(2, 3), integers(1, 3)]], {"dim": 0}),
    Case("stack", "first dim", [[(2, 3), (2, 3)]], {"dim": 0}),
    Case("stack", "a new last dim", [[(2, 3), (2, 3), (2, 3)]], {"dim": -1}),
    Case("stack", "in the middle", [[(2, 3), (2, 3)]], {"dim": 1}),
]

CUTS = [
    Case("chunk", "even", [(2, 6)], {"chunks": 3, "dim": 1}),
    Case("chunk", "the last is smaller", [(7, 2)], {"chunks": 3, "dim": 0}),
    Case("chunk", "fewer than asked for", [(2, 5)], {"chunks": 4, "dim": -1}),
    Case("split.Tensor", "even", [(4, 3)], {"split_size": 2, "dim": 0}),
    Case("split.Tensor", "the last is smaller", [(2, 7)], {"split_size": 3, "dim": -1}),
    Case("split_with_sizes", "three sizes", [(2, 6)], {"split_sizes": [1, 3, 2], "dim": 1}),
    Case("split_with_sizes", "negative dim", [(2, 5, 3)], {"split_sizes": [4, 1], "dim": -2}),
    Case("slice.Tensor", "a range", [(3, 6)], {"dim": 1, "start": 1, "end": 4, "step": 1}),
    Case("slice.Tensor", "a step", [(2, 7)], {"dim": -1, "start": 1, "end": None, "step": 3}),
    Case("slice.Tensor", "negative start", [(5, 2)], {"dim": 0, "start": -2, "end": None, "step": 1}),
    Case("slice.Tensor", "negative end", [(5, 2)], {"dim": 0, "start": 0, "end": -1}),
    Case("slice.Tensor", "end beyond the size", [(5, 2)], {"dim": 0, "start": 2, "end": 9223372036854775807}),
    Case("select.int", "first dim", [(3, 4)], {"dim": 0, "index": 1}),
    Case("select.int", "negative index and dim", [(2, 3, 4)], {"dim": -2, "index": -1}),
]

ORDERS = [
    Case("permute", "channels last", [(2, 3, 4, 5)], {"dims": [0, 2, 3, 1]}),
    Case("permute", "negative dims", [(2, 3, 4)], {"dims": [-1, 0, -2]}),
    Case("transpose.int", "two dims", [(2, 3, 4)], {"dim0": 0, "dim1": 2}),
    Case("transpose.int", "negative dims", [(2, 3, 4)], {"dim0": -1, "dim1": -2}),
    Case("t", "a matrix", [(2, 3)]),
    Case("t", "a vector stays", [(3,)]),
]

FORMS = [
    Case("reshape", "explicit sizes", [(2, 6)], {"shape": [3, 4]}),
    Case("reshape", "one size left open", [(2, 3, 4)], {"shape": [2, -1]}),
    Case("reshape", "to zero dims", [(1, 1)], {"shape": []}),
    Case("view", "explicit sizes", [(2, 6)], {"size": [4, 3]}),
    Case("view", "one size left open", [(2, 3, 4)], {"size": [-1, 4]}),
    Case("flatten.using_ints", "all", [(2, 3, 4)], {"start_dim": 0, "end_dim": -1}),
    Case("flatten.using_ints", "all but the batch", [(2, 3, 4, 5)], {"start_dim": 1, "end_dim": -1}),
    Case("flatten.using_ints", "in the middle", [(2, 3, 4, 5)], {"start_dim": 1, "end_dim": -2}),
    Case("flatten.using_ints", "zero dims become one", [()], {"start_dim": 0, "end_dim": -1}),
    Case("unflatten.int", "explicit sizes", [(2, 6)], {"dim": 1, "sizes": [2, 3]}),
    Case("unflatten.int", "negative dim, one size left open", [(4, 6)], {"dim": -2, "sizes": [2, -1]}),
    Case("squeeze.dims", "given dims", [(1, 2, 1, 3)], {"dim": [0, -2]}),
    Case("squeeze.dims", "a dim that is not one stays", [(1, 2, 1)], {"dim": [1, 2]}),
    Case("squeeze", "all", [(1, 2, 1, 3)], written={"dim": None}),
    Case("unsqueeze", "first", [(2, 3)], {"dim": 0}),
    Case("unsqueeze", "negative dim", [(2, 3)], {"dim": -2}),
    Case("expand", "one dim", [(2, 1)], {"size": [2, 4]}),
    Case("expand", "new dims, -1 keeps a size", [(3, 1)], {"size": [2, -1, 4]}),
    Case("expand", "zero dims", [()], {"size": [2, 3]}),
]

PADS = [
    Case("pad", "last dim, value", [(2, 3)], {"pad": [1, 2], "mode": "constant", "value": 0.5}),
    Case("pad", "two dims", [(2, 3, 4)], {"pad": [0, 1, 2, 0], "mode": "constant", "value": 0}),
    Case("pad", "negative pads crop", [(2, 5)], {"pad": [-1, 1], "mode": "constant", "value": 0}),
    Case("constant_pad_nd", "two dims, value", [(1, 2, 3)], {"pad": [1, 1, 0, 2], "value": -1.5}),
    Case("constant_pad_nd", "default value", [(2, 3)], {"pad": [0, 2]}),
]

SAME = [
    case
    for op in ("contiguous", "clone", "alias", "lift_fresh_copy")
    for case in (Case(op, "values", [(2, 3)]), Case(op, "a vector", [(4,)]))
] + [
    Case("detach", "values", [(2, 3)]),
    Case("detach", "int64", [integers(3)]),
]

CASTS = [
    Case("to.dtype", "float32 to int64 truncates", [given([-1.7, -0.2, 0.9, 2.5])], {"dtype": torch.int64}),
    Case("to.dtype", "int64 to float32", [integers(2, 3, low=-5)], {"dtype": torch.float32}),
    Case("to.dtype", "bool to float32", [booleans(2, 3)], {"dtype": torch.float32}),
    Case("to.dtype", "float32 to bool", [given([-1.0, 0.0, 0.5])], {"dtype": torch.bool}),
    Case("to.dtype", "float32 to float16", [normal(2, 3, scale=10)], {"dtype": torch.float16}),
    Case("to.dtype", "float32 to bfloat16", [normal(2, 3, scale=10)], {"dtype": torch.bfloat16}),
    Case("to.dtype", "float32 to float32", [(2, 3)], {"dtype": torch.float32}),
]

CASES = JOINS + CUTS + ORDERS + FORMS + PADS + SAME + CASTS
