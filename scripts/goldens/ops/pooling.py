"""Max, average and adaptive average pooling."""

from case import Case
from values import distinct, given

NEGATIVE = {"low": -3.0, "high": -0.5}
TIES = given([[[[1.0, 1.0, 0.0, 2.0], [1.0, 1.0, 2.0, 2.0], [0.0, 0.0, 3.0, 0.0], [0.0, 0.0, 0.0, 3.0]]]])

MAX = [
    Case("max_pool1d", "kernel 2", [distinct(2, 3, 8)], {"kernel_size": [2]}),
    Case(
        "max_pool1d",
        "overlapping, padded",
        [distinct(2, 3, 9, **NEGATIVE)],
        {"kernel_size": [3], "stride": [2], "padding": [1]},
    ),
    Case(
        "max_pool1d",
        "dilation 2, ceil mode",
        [distinct(1, 2, 10)],
        {"kernel_size": [3], "stride": [2], "dilation": [2], "ceil_mode": True},
    ),
    Case("max_pool2d", "2x2", [distinct(2, 3, 6, 6)], {"kernel_size": [2, 2]}),
    Case(
        "max_pool2d", "2x2 leaves a row and a column unused", [distinct(2, 3, 5, 7)], {"kernel_size": [2, 2]}
    ),
    Case(
        "max_pool2d",
        "3x3 overlapping, padding below all values",
        [distinct(2, 3, 7, 7, **NEGATIVE)],
        {"kernel_size": [3, 3], "stride": [2, 2], "padding": [1, 1]},
    ),
    Case(
        "max_pool2d",
        "ceil mode with a partial window",
        [distinct(1, 2, 6, 7, **NEGATIVE)],
        {"kernel_size": [3, 3], "stride": [2, 2], "padding": [1, 1], "ceil_mode": True},
    ),
    Case(
        "max_pool2d",
        "ceil mode drops a window that starts in the padding",
        [distinct(1, 2, 5, 5)],
        {"kernel_size": [2, 2], "stride": [2, 2], "padding": [1, 1], "ceil_mode": True},
    ),
    Case(
        "max_pool2d",
        "dilation, a different kernel per dim",
        [distinct(1, 2, 8, 8)],
        {"kernel_size": [3, 2], "stride": [1, 2], "dilation": [2, 3]},
    ),
    Case(
        "max_pool2d",
        "ties: the first maximum gets the gradient",
        [TIES],
        {"kernel_size": [2, 2]},
        nonsmooth=True,
    ),
    Case(
        "max_pool2d",
        "ties in overlapping windows",
        [TIES],
        {"kernel_size": [3, 3], "stride": [1, 1], "padding": [1, 1]},
        nonsmooth=True,
    ),
    Case("max_pool3d", "2x2x2", [distinct(1, 2, 4, 4, 4)], {"kernel_size": [2, 2, 2]}),
    Case(
        "max_pool3d",
        "overlapping, padded, ceil mode",
        [distinct(1, 2, 5, 6, 5, **NEGATIVE)],
        {"kernel_size": [3, 3, 2], "stride": [2, 2, 2], "padding": [1, 1, 0], "ceil_mode": True},
    ),
    Case(
        "max_pool3d",
        "dilation",
        [distinct(1, 1, 5, 5, 5)],
        {"kernel_size": [2, 2, 2], "stride": [1, 2, 1], "dilation": [2, 1, 3]},
    ),
]

AVERAGE = [
    Case("avg_pool1d", "kernel 2", [(2, 3, 8)], {"kernel_size": [2]}),
    Case("avg_pool1d", "padding counted", [(2, 3, 9)], {"kernel_size": [3], "stride": [2], "padding": [1]}),
    Case(
        "avg_pool1d",
        "padding not counted, ceil mode",
        [(1, 2, 8)],
        {"kernel_size": [3], "stride": [2], "padding": [1], "ceil_mode": True, "count_include_pad": False},
    ),
    Case("avg_pool2d", "2x2", [(2, 3, 6, 6)], {"kernel_size": [2, 2]}),
    Case(
        "avg_pool2d",
        "a different kernel and stride per dim",
        [(1, 2, 7, 8)],
        {"kernel_size": [3, 2], "stride": [2, 1]},
    ),
    Case(
        "avg_pool2d",
        "padding counted",
        [(1, 2, 6, 6)],
        {"kernel_size": [3, 3], "stride": [2, 2], "padding": [1, 1]},
    ),
    Case(
        "avg_pool2d",
        "padding not counted",
        [(1, 2, 6, 6)],
        {"kernel_size": [3, 3], "stride": [2, 2], "padding": [1, 1], "count_include_pad": False},
    ),
    Case(
        "avg_pool2d",
        "ceil mode, padding counted",
        [(1, 2, 6, 7)],
        {"kernel_size": [3, 3], "stride": [2, 2], "padding": [1, 1], "ceil_mode": True},
    ),
    Case(
        "avg_pool2d",
        "ceil mode without padding",
        [(1, 2, 6, 6)],
        {"kernel_size": [3, 3], "stride": [2, 2], "ceil_mode": True},
    ),
    Case(
        "avg_pool2d",
        "divisor 5",
        [(1, 2, 6, 6)],
        {"kernel_size": [2, 3], "stride": [2, 2], "padding": [1, 1], "divisor_override": 5},
    ),
    Case("avg_pool3d", "2x2x2", [(1, 2, 4, 4, 4)], {"kernel_size": [2, 2, 2]}),
    Case(
        "avg_pool3d",
        "padding not counted, ceil mode",
        [(1, 2, 5, 4, 6)],
        {
            "kernel_size": [3, 2, 3],
            "stride": [2, 2, 2],
            "padding": [1, 0, 1],
            "ceil_mode": True,
            "count_include_pad": False,
        },
    ),
    Case(
        "avg_pool3d",
        "divisor 3",
        [(1, 1, 4, 4, 4)],
        {"kernel_size": [2, 2, 2], "stride": [1, 2, 2], "divisor_override": 3},
    ),
]

ADAPTIVE = [
    Case("adaptive_avg_pool1d", "even windows", [(2, 3, 8)], {"output_size": [4]}),
    Case("adaptive_avg_pool1d", "uneven windows", [(2, 3, 7)], {"output_size": [3]}),
    Case("adaptive_avg_pool2d", "to one value", [(2, 3, 5, 4)], {"output_size": [1, 1]}),
    Case("adaptive_avg_pool2d", "even windows", [(1, 2, 6, 8)], {"output_size": [3, 2]}),
    Case("adaptive_avg_pool2d", "uneven, overlapping windows", [(1, 2, 7, 5)], {"output_size": [3, 4]}),
    Case("adaptive_avg_pool2d", "more outputs than inputs", [(1, 2, 3, 4)], {"output_size": [5, 4]}),
    Case("adaptive_avg_pool3d", "to one value", [(1, 2, 3, 4, 4)], {"output_size": [1, 1, 1]}),
    Case("adaptive_avg_pool3d", "uneven windows", [(1, 2, 4, 5, 6)], {"output_size": [2, 3, 4]}),
]

CASES = MAX + AVERAGE + ADAPTIVE
