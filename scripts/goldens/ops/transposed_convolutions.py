"""Transposed convolutions in one to three dims; weights are [inChannels, outChannels / groups, ...kernel]."""

from case import Case

ONE = [
    Case("conv_transpose1d", "bias", [(2, 3, 5), (3, 4, 3), (4,)]),
    Case(
        "conv_transpose1d",
        "stride 3, output padding 2",
        [(1, 3, 5), (3, 2, 4)],
        {"stride": [3], "padding": [1], "output_padding": [2]},
    ),
    Case(
        "conv_transpose1d",
        "groups 2, dilation 2",
        [(1, 4, 5), (4, 3, 3), (6,)],
        {"groups": 2, "dilation": [2]},
    ),
]

TWO = [
    Case("conv_transpose2d.input", "3x3 with bias", [(2, 3, 4, 4), (3, 4, 3, 3), (4,)]),
    Case(
        "conv_transpose2d.input",
        "doubling, 2x2 stride 2",
        [(1, 4, 3, 3), (4, 2, 2, 2), (2,)],
        {"stride": [2, 2]},
    ),
    Case(
        "conv_transpose2d.input",
        "stride 2, padding 1, output padding 1",
        [(1, 3, 4, 4), (3, 2, 3, 3)],
        {"stride": [2, 2], "padding": [1, 1], "output_padding": [1, 1]},
    ),
    Case(
        "conv_transpose2d.input",
        "everything different per dim",
        [(1, 2, 4, 5), (2, 3, 3, 2), (3,)],
        {"stride": [2, 3], "padding": [1, 0], "output_padding": [1, 2], "dilation": [2, 1]},
    ),
    Case(
        "conv_transpose2d.input",
        "groups 2",
        [(1, 4, 4, 4), (4, 3, 3, 3), (6,)],
        {"stride": [2, 2], "padding": [1, 1], "groups": 2},
    ),
    Case(
        "conv_transpose2d.input", "depthwise", [(1, 4, 4, 4), (4, 1, 3, 3)], {"padding": [1, 1], "groups": 4}
    ),
    Case("conv_transpose2d.input", "1x1", [(2, 3, 3, 3), (3, 5, 1, 1), (5,)]),
]

THREE = [
    Case("conv_transpose3d.input", "bias", [(1, 2, 3, 3, 3), (2, 3, 2, 2, 2), (3,)]),
    Case(
        "conv_transpose3d.input",
        "stride, padding and output padding per dim",
        [(1, 2, 3, 3, 2), (2, 2, 3, 3, 3)],
        {"stride": [1, 2, 2], "padding": [1, 1, 0], "output_padding": [0, 1, 1]},
    ),
    Case(
        "conv_transpose3d.input",
        "groups 2, dilation",
        [(1, 4, 2, 3, 3), (4, 1, 2, 2, 2), (2,)],
        {"groups": 2, "dilation": [1, 2, 1]},
    ),
]

CASES = ONE + TWO + THREE
