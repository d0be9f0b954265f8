"""Batch, layer, group and root-mean-square normalization."""

import torch
from case import Case
from values import normal, positive

AFFINE = [positive(3), normal(3)]
STATISTICS = [normal(3, scale=0.5), positive(3)]


def batch_norm(tensors, attrs):
    """ATen updates the running statistics in place; here they are the second and third output."""
    x, weight, bias, mean, variance = tensors
    mean, variance = mean.detach().clone(), variance.detach().clone()
    y = torch.ops.aten.batch_norm(
        x, weight, bias, mean, variance, attrs["training"], attrs["momentum"], attrs["eps"], False
    )
    return [y, mean, variance]


def batch_norm_case(name, shape, affine=True, training=True, momentum=0.1, eps=1e-5):
    parameters = AFFINE if affine else [None, None]
    attrs = {"training": training, "momentum": momentum, "eps": eps}
    return Case(
        "batch_norm", name, [normal(*shape, scale=2), *parameters, *STATISTICS], attrs, run=batch_norm
    )


BATCH = [
    batch_norm_case("training, a map", (4, 3, 4, 4)),
    batch_norm_case("training, a matrix", (6, 3)),
    batch_norm_case("training, a sequence, momentum 0.3", (4, 3, 5), momentum=0.3),
    batch_norm_case("training, a volume, eps 1e-3", (2, 3, 2, 3, 3), eps=1e-3),
    batch_norm_case("training, not affine", (4, 3, 3, 3), affine=False),
    batch_norm_case("evaluation, a map", (2, 3, 4, 4), training=False),
    batch_norm_case("evaluation, a matrix, eps 1e-3", (4, 3), training=False, eps=1e-3),
    batch_norm_case("evaluation, not affine", (2, 3, 5), affine=False, training=False),
]

LAYER = [
    Case("layer_norm", "last dim", [(2, 4, 6), positive(6), (6,)], {"normalized_shape": [6]}),
    Case("layer_norm", "two dims", [(3, 4, 5), positive(4, 5), (4, 5)], {"normalized_shape": [4, 5]}),
    Case("layer_norm", "not affine, eps 1e-3", [(3, 6)], {"normalized_shape": [6], "eps": 1e-3}),
    Case("layer_norm", "weight without bias", [(3, 6), positive(6)], {"normalized_shape": [6]}),
]

GROUP = [
    Case("group_norm", "two groups", [(2, 4, 3, 3), positive(4), (4,)], {"num_groups": 2}),
    Case("group_norm", "one group", [(2, 4, 5), positive(4), (4,)], {"num_groups": 1, "eps": 1e-3}),
    Case("group_norm", "a group per channel, not affine", [(2, 3, 4, 4)], {"num_groups": 3}),
]

RMS = [
    Case("rms_norm", "last dim", [(2, 4, 6), positive(6)], {"normalized_shape": [6], "eps": 1e-6}),
    Case("rms_norm", "two dims", [(3, 4, 5), positive(4, 5)], {"normalized_shape": [4, 5], "eps": 1e-5}),
    Case("rms_norm", "not affine, default eps", [(3, 6)], {"normalized_shape": [6], "eps": None}),
]

CASES = BATCH + LAYER + GROUP + RMS
