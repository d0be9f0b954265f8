"""Convolutions in one, two and three dims."""

from case import Case

ONE = [
    Case("conv1d", "bias", [(2, 3, 9), (4, 3, 3), (4,)]),
    Case(
        "conv1d",
        "stride 2, padding 1, dilation 2",
        [(2, 3, 11), (4, 3, 3), (4,)],
        {"stride": [2], "padding": [1], "dilation": [2]},
    ),
    Case("conv1d", "groups 2, no bias", [(2, 4, 8), (6, 2, 3)], {"padding": [1], "groups": 2}),
    Case("conv1d", "depthwise", [(2, 4, 8), (4, 1, 3), (4,)], {"padding": [1], "groups": 4}),
    Case("conv1d", "kernel 1", [(2, 3, 5), (4, 3, 1), (4,)]),
    Case("conv1d.padding", "same, even kernel", [(1, 2, 7), (3, 2, 4), (3,)], {"padding": "same"}),
    Case("conv1d.padding", "valid", [(1, 2, 7), (3, 2, 3)], {"padding": "valid", "stride": [2]}),
]

DENSE = [
    Case("conv2d", "3x3 with bias", [(2, 3, 6, 6), (4, 3, 3, 3), (4,)], {"padding": [1, 1]}),
    Case("conv2d", "no padding, no bias", [(2, 3, 6, 5), (4, 3, 3, 3)]),
    Case("conv2d", "3x3, 16 channels", [(1, 16, 6, 6), (16, 16, 3, 3), (16,)], {"padding": [1, 1]}),
    Case(
        "conv2d",
        "stride 2 leaves the last column unused",
        [(2, 3, 8, 8), (4, 3, 3, 3), (4,)],
        {"stride": [2, 2]},
    ),
    Case(
        "conv2d", "stride 2, padding 1", [(2, 3, 8, 8), (4, 3, 3, 3)], {"stride": [2, 2], "padding": [1, 1]}
    ),
    Case(
        "conv2d",
        "a different stride, padding and kernel per dim",
        [(2, 3, 7, 9), (4, 3, 3, 5), (4,)],
        {"stride": [2, 1], "padding": [1, 2]},
    ),
    Case(
        "conv2d",
        "dilation per dim",
        [(1, 2, 9, 8), (3, 2, 3, 3), (3,)],
        {"padding": [2, 1], "dilation": [2, 1]},
    ),
    Case(
        "conv2d",
        "stride and dilation",
        [(1, 2, 9, 9), (3, 2, 3, 3)],
        {"stride": [2, 2], "dilation": [2, 2], "padding": [1, 1]},
    ),
    Case(
        "conv2d",
        "stem 7x7, stride 2",
        [(1, 3, 15, 15), (4, 3, 7, 7), (4,)],
        {"stride": [2, 2], "padding": [3, 3]},
    ),
    Case("conv2d", "one input channel", [(2, 1, 6, 6), (4, 1, 3, 3), (4,)], {"padding": [1, 1]}),
    Case("conv2d", "5x5", [(1, 4, 8, 8), (4, 4, 5, 5), (4,)], {"padding": [2, 2]}),
    Case("conv2d", "1x1", [(2, 6, 4, 4), (5, 6, 1, 1), (5,)]),
    Case("conv2d", "1x1, stride 2", [(2, 4, 5, 5), (6, 4, 1, 1)], {"stride": [2, 2]}),
    Case("conv2d", "patches", [(2, 3, 8, 8), (5, 3, 4, 4), (5,)], {"stride": [4, 4]}),
    Case("conv2d", "the kernel covers the input", [(2, 3, 4, 4), (5, 3, 4, 4), (5,)]),
    Case("conv2d", "padding wider than the kernel", [(1, 2, 4, 4), (3, 2, 2, 2), (3,)], {"padding": [3, 3]}),
]

GROUPED = [
    Case(
        "conv2d",
        "groups 2, stride 2, no bias",
        [(2, 4, 8, 8), (6, 2, 3, 3)],
        {"stride": [2, 2], "padding": [1, 1], "groups": 2},
    ),
    Case("conv2d", "groups 2, 1x1", [(2, 4, 4, 4), (6, 2, 1, 1), (6,)], {"groups": 2}),
    Case("conv2d", "depthwise 3x3", [(2, 8, 6, 6), (8, 1, 3, 3), (8,)], {"padding": [1, 1], "groups": 8}),
    Case(
        "conv2d",
        "depthwise 5x5, stride 2",
        [(1, 6, 9, 9), (6, 1, 5, 5)],
        {"stride": [2, 2], "padding": [2, 2], "groups": 6},
    ),
    Case(
        "conv2d",
        "depthwise with dilation",
        [(1, 4, 8, 8), (4, 1, 3, 3)],
        {"padding": [2, 2], "dilation": [2, 2], "groups": 4},
    ),
    Case(
        "conv2d",
        "two outputs per channel",
        [(2, 3, 6, 6), (6, 1, 3, 3), (6,)],
        {"padding": [1, 1], "groups": 3},
    ),
]

NAMED = [
    Case("conv2d.padding", "same", [(1, 2, 6, 6), (3, 2, 3, 3), (3,)], {"padding": "same"}),
    Case("conv2d.padding", "same, even kernel", [(1, 2, 6, 6), (3, 2, 4, 2)], {"padding": "same"}),
    Case(
        "conv2d.padding",
        "same, dilation 2",
        [(1, 2, 7, 7), (3, 2, 3, 2), (3,)],
        {"padding": "same", "dilation": [2, 2]},
    ),
    Case("conv2d.padding", "same, depthwise", [(1, 4, 5, 5), (4, 1, 3, 3)], {"padding": "same", "groups": 4}),
    Case(
        "conv2d.padding",
        "valid, stride 2",
        [(1, 2, 7, 7), (3, 2, 3, 3), (3,)],
        {"padding": "valid", "stride": [2, 2]},
    ),
]

THREE = [
    Case("conv3d", "bias", [(1, 2, 4, 5, 5), (3, 2, 3, 3, 3), (3,)], {"padding": [1, 1, 1]}),
    Case(
        "conv3d",
        "stride, padding and dilation per dim",
        [(1, 2, 5, 6, 7), (3, 2, 2, 3, 3), (3,)],
        {"stride": [1, 2, 2], "padding": [0, 1, 2], "dilation": [2, 1, 2]},
    ),
    Case("conv3d", "groups 2, no bias", [(1, 4, 3, 4, 4), (4, 2, 2, 2, 2)], {"groups": 2}),
    Case(
        "conv3d", "depthwise", [(1, 3, 3, 4, 4), (3, 1, 3, 3, 3), (3,)], {"padding": [1, 1, 1], "groups": 3}
    ),
    Case("conv3d.padding", "same", [(1, 2, 3, 4, 4), (2, 2, 2, 3, 3), (2,)], {"padding": "same"}),
]

CASES = ONE + DENSE + GROUPED + NAMED + THREE
