"""Activations, softmax and dropout."""

from case import Case
from values import away, given, normal, positive

WIDE = given([-30.0, -8.0, -4.0, -2.0, -0.5, 0.25, 0.75, 2.0, 4.0, 8.0, 30.0])

CLIPPING = [
    Case("relu", "a feature map", [away(2, 3, 4, 4)]),
    Case("relu", "zeros at the kink", [given([-1.0, 0.0, -0.0, 2.0])], nonsmooth=True),
    Case("relu6", "a feature map", [away(2, 3, 4, kinks=(0.0, 6.0), scale=5)]),
    Case("relu6", "values on the bounds", [given([-1.0, 0.0, 3.0, 6.0, 7.0])], nonsmooth=True),
    Case("leaky_relu", "default slope", [away(3, 4)]),
    Case("leaky_relu", "slope 0.2", [away(2, 3, 4)], {"negative_slope": 0.2}),
    Case(
        "leaky_relu", "zeros at the kink", [given([-1.0, 0.0, 2.0])], {"negative_slope": 0.1}, nonsmooth=True
    ),
    Case("hardtanh", "default bounds", [away(3, 4, kinks=(-1.0, 1.0))]),
    Case(
        "hardtanh",
        "bounds -0.5 and 2",
        [away(3, 4, kinks=(-0.5, 2.0), scale=2)],
        {"min_val": -0.5, "max_val": 2},
    ),
    Case("hardtanh", "values on the bounds", [given([-2.0, -1.0, 0.0, 1.0, 2.0])], nonsmooth=True),
    Case("hardswish", "a feature map", [away(2, 3, 4, kinks=(-3.0, 3.0), scale=3)]),
    Case("hardswish", "values on the bounds", [given([-4.0, -3.0, 0.0, 3.0, 4.0])], nonsmooth=True),
    Case("hardsigmoid", "a feature map", [away(2, 3, 4, kinks=(-3.0, 3.0), scale=3)]),
    Case("hardsigmoid", "values on the bounds", [given([-4.0, -3.0, 0.0, 3.0, 4.0])], nonsmooth=True),
]

SMOOTH = [
    case
    for op in ("silu", "selu", "mish", "sigmoid", "log_sigmoid", "tanh")
    for case in (
        Case(op, "random", [away(2, 3, 4, gap=0.05, scale=2)]),
        Case(op, "far from zero", [WIDE]),
    )
] + [
    Case("elu", "defaults", [away(3, 4)]),
    Case("elu", "alpha 0.5", [away(3, 4)], {"alpha": 0.5}),
    Case("elu", "alpha, scale and input scale", [away(3, 4)], {"alpha": 1.5, "scale": 2, "input_scale": 0.5}),
    Case("elu", "far from zero", [WIDE]),
    Case("celu", "defaults", [away(3, 4)]),
    Case("celu", "alpha 2", [away(3, 4)], {"alpha": 2}),
    Case("celu", "far from zero", [WIDE], {"alpha": 0.5}),
    Case("gelu", "exact", [normal(2, 3, 4, scale=2)]),
    Case("gelu", "exact, far from zero", [WIDE]),
    Case("gelu", "tanh", [normal(2, 3, 4, scale=2)], {"approximate": "tanh"}),
    Case("gelu", "tanh, far from zero", [WIDE], {"approximate": "tanh"}),
    Case("softplus", "defaults", [normal(3, 4, scale=2)]),
    Case("softplus", "beta 2, threshold 1", [away(3, 4, kinks=(0.5,))], {"beta": 2, "threshold": 1}),
    Case("softplus", "far from zero", [WIDE]),
]

SOFTMAXES = [
    case
    for op in ("softmax.int", "log_softmax.int")
    for case in (
        Case(op, "last dim", [(3, 5)], {"dim": -1}),
        Case(op, "channels of a map", [(2, 3, 2, 2)], {"dim": 1}),
        Case(op, "first dim, large values", [normal(4, 3, scale=40)], {"dim": 0}),
    )
]

DROPOUTS = [
    case
    for op in ("dropout", "feature_dropout")
    for case in (
        Case(op, "not in training", [(2, 3, 4)], {"p": 0.5, "train": False}),
        Case(op, "keeps everything", [(2, 3, 4)], {"p": 0.0, "train": True}),
        Case(op, "drops everything", [positive(2, 3, 4)], {"p": 1.0, "train": True}),
    )
]

CASES = CLIPPING + SMOOTH + SOFTMAXES + DROPOUTS
