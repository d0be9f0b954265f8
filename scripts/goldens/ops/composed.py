"""Operations that models of the wild use besides: most are composed of others here."""

import torch
from case import Case
from values import away, distinct, given, integers, positive

ELEMENTWISE = [
    Case("log1p", "around 0", [given([-0.5, -1e-4, 1e-6, 1e-3, 0.5, 3.0])]),
    Case("expm1", "around 0", [given([-2.0, -1e-4, 1e-6, 1e-3, 0.5, 3.0])]),
    Case("exp2", "plain", [(3, 4)]),
    Case("log2", "plain", [positive(3, 4)]),
    Case("log10", "plain", [positive(3, 4)]),
    Case("square", "plain", [(3, 4)]),
    Case("addcmul", "value 0.5", [(3, 4), (3, 4), (4,)], {"value": 0.5}),
    Case("addcdiv", "value 2", [(3, 4), (3, 4), positive(3, 4)], {"value": 2}),
    Case("lerp.Scalar", "a number", [(3, 4), (3, 4)], {"weight": 0.3}),
    Case("lerp.Tensor", "a tensor", [(3, 4), (3, 4), positive(4)]),
    Case("remainder.Scalar", "a number", [given([-5.3, -2.1, 0.7, 2.2, 7.9])], {"other": 2.0}, nonsmooth=True),
    Case("remainder.Tensor", "of the divisor's sign", [given([-5, 5, 7], torch.int64), given([3, -3, 4], torch.int64)]),
    Case("isnan", "plain", [given([1.0, float("nan"), float("inf")])]),
    Case("isinf", "plain", [given([1.0, float("nan"), float("-inf")])]),
    Case("bitwise_and.Tensor", "bools", [given([True, True, False], torch.bool), given([True, False, False], torch.bool)]),
    Case("bitwise_or.Tensor", "bools", [given([True, True, False], torch.bool), given([True, False, False], torch.bool)]),
    Case("bitwise_not", "bools", [given([True, False], torch.bool)]),
    Case("type_as", "to int64", [given([1.7, -1.7]), given([1], torch.int64)]),
    Case("glu", "last dim", [(3, 4)]),
    Case("glu", "channels", [(2, 6, 3)], {"dim": 1}),
    Case("prelu", "one slope", [away(2, 3, 4), (1,)]),
    Case("prelu", "a slope for each channel", [away(2, 3, 4), (3,)]),
    Case("threshold", "plain", [away(3, 4, kinks=(0.2,))], {"threshold": 0.2, "value": -1.0}),
]

SHAPES = [
    Case("expand_as", "plain", [(3, 1), (2, 3, 4)]),
    Case("view_as", "plain", [(3, 4), (2, 6)]),
    Case("reshape_as", "plain", [(3, 4), (2, 6)]),
    Case("narrow", "plain", [(3, 5)], {"dim": 1, "start": 1, "length": 3}),
    Case("unbind.int", "middle dim", [(2, 3, 4)], {"dim": 1}),
    Case("movedim.intlist", "two dims", [(2, 3, 4)], {"source": [0, -1], "destination": [1, 0]}),
    Case("mT", "plain", [(2, 3, 4)]),
    Case("repeat", "a new dim", [(2, 3)], {"repeats": [2, 1, 3]}),
    Case("tile", "fewer dims", [(2, 3)], {"dims": [2]}),
    Case("repeat_interleave.self_int", "a dim", [(2, 3)], {"repeats": 2, "dim": 1, "output_size": None}),
    Case("repeat_interleave.self_int", "flattened", [(2, 3)], {"repeats": 3, "output_size": None}),
    Case("roll", "two dims", [(3, 4)], {"shifts": [1, -5], "dims": [0, 1]}),
    Case("roll", "flattened", [(3, 4)], {"shifts": [5]}),
    Case("flip", "two dims", [(2, 3, 4)], {"dims": [0, -1]}),
    Case("triu", "above", [(3, 4)], {"diagonal": 1}),
    Case("tril", "batch", [(2, 3, 3)]),
    Case("pixel_shuffle", "factor 2", [(2, 8, 2, 3)], {"upscale_factor": 2}),
    Case("pixel_unshuffle", "factor 2", [(2, 2, 4, 6)], {"downscale_factor": 2}),
    Case("channel_shuffle", "3 groups", [(2, 6, 2)], {"groups": 3}),
    Case("unfold", "overlapping", [(2, 7)], {"dimension": 1, "size": 3, "step": 2}),
    Case("unfold", "first dim", [(5, 2)], {"dimension": 0, "size": 2, "step": 2}),
    Case("im2col", "padded, strided", [(2, 2, 5, 4)], {"kernel_size": [3, 2], "dilation": [1, 1], "padding": [1, 0], "stride": [2, 1]}),
    Case("col2im", "padded, strided", [(2, 12, 9)], {"output_size": [5, 4], "kernel_size": [3, 2], "dilation": [1, 1], "padding": [1, 0], "stride": [2, 1]}),
    Case("pad", "reflected", [(2, 3, 4)], {"pad": [2, 1, 1, 0], "mode": "reflect"}),
    Case("pad", "edges", [(2, 3, 4)], {"pad": [2, 1, 1, 0], "mode": "replicate"}),
    Case("pad", "circular", [(2, 3, 4)], {"pad": [2, 1, 1, 0], "mode": "circular"}),
]  # fmt: skip

REDUCTIONS = [
    Case("max", "all", [distinct(3, 4)]),
    Case("max.dim", "a dim", [distinct(3, 4)], {"dim": 1}),
    Case("max.dim", "kept", [distinct(2, 3, 4)], {"dim": -2, "keepdim": True}),
    Case("max.other", "elementwise", [distinct(3, 4), (3, 4)]),
    Case("min", "all", [distinct(3, 4)]),
    Case("min.dim", "a dim", [distinct(3, 4)], {"dim": 0}),
    Case("topk", "largest", [distinct(3, 5)], {"k": 2}),
    Case("topk", "smallest, first dim", [distinct(5, 2)], {"k": 3, "dim": 0, "largest": False}),
    Case("sort", "ascending", [distinct(3, 5)]),
    Case("sort", "descending, first dim", [distinct(4, 2)], {"dim": 0, "descending": True}),
    Case("argsort", "ascending", [distinct(3, 5)]),
    Case("prod", "all", [positive(2, 3)]),
    Case("prod.dim_int", "a dim", [(3, 4)], {"dim": 1}),
    Case("prod.dim_int", "with zeros", [given([[0.0, 2.0, 3.0], [0.0, 0.0, 3.0], [1.0, 2.0, 3.0]])], {"dim": 1, "keepdim": True}),
    Case("linalg_vector_norm", "Euclid's", [(3, 4)], {"dim": [1]}),
    Case("linalg_vector_norm", "of zeros", [given([[0.0, 0.0], [3.0, 4.0]])], {"dim": [1], "keepdim": True}, nonsmooth=True),
    Case("linalg_vector_norm", "magnitudes", [away(3, 4)], {"ord": 1, "dim": None}),
    Case("linalg_vector_norm", "cubes", [away(3, 4)], {"ord": 3, "dim": [0]}),
    Case("linalg_vector_norm", "count", [given([[0.0, 2.0], [1.0, 3.0]])], {"ord": 0, "dim": [1]}, gradient=False),
    Case("norm.ScalarOpt_dim", "Euclid's", [(3, 4)], {"p": 2, "dim": [1]}, written={"ord": 2}),
    Case("std.correction", "a dim", [(3, 4)], {"dim": [1], "correction": 1}),
    Case("std_mean.correction", "a dim", [(3, 4)], {"dim": [1], "correction": 0}),
    Case("var_mean.correction", "two dims", [(2, 3, 4)], {"dim": [0, 2], "correction": 1, "keepdim": True}),
    Case("logsumexp", "a dim", [(3, 4)], {"dim": [1]}),
    Case("logsumexp", "large, kept", [given([[1000.0, 999.0], [-1000.0, -1001.0]])], {"dim": [1], "keepdim": True}, nonsmooth=True),
    Case("any.dim", "numbers", [given([[0.0, 0.0], [0.0, 2.0]])], {"dim": 1}),
    Case("any", "bools", [given([False, True], torch.bool)]),
    Case("all", "bools", [given([False, True], torch.bool)]),
    Case("all.dim", "kept", [given([[1.0, 0.0], [1.0, 2.0]])], {"dim": 1, "keepdim": True}),
]  # fmt: skip

PRODUCTS = [
    Case("mm", "plain", [(3, 4), (4, 2)]),
    Case("mv", "plain", [(3, 4), (4,)]),
    Case("dot", "plain", [(4,), (4,)]),
    Case("outer", "plain", [(3,), (4,)]),
    Case("baddbmm", "scaled", [(2, 3, 5), (2, 3, 4), (2, 4, 5)], {"beta": 0.5, "alpha": 2}),
    Case("baddbmm", "beta 0", [(2, 3, 5), (2, 3, 4), (2, 4, 5)], {"beta": 0}, gradient=False),
]

CREATED = [
    Case("new_zeros", "plain", [(2, 3)], {"size": [4]}),
    Case("new_ones", "int64", [integers(3)], {"size": [2, 2]}),
    Case("new_full", "plain", [(2, 3)], {"size": [2], "fill_value": 2.5}),
    Case("full_like", "plain", [(2, 3)], {"fill_value": 1.5}),
]

POSITIONS = [
    Case("index_select", "middle dim", [(2, 4, 3), given([3, 0, 3], torch.int64)], {"dim": 1}),
    Case("one_hot", "plain", [given([[0, 2], [1, 1]], torch.int64)], {"num_classes": 3}),
    Case("scatter.src", "a dim", [(3, 4), given([[0, 2], [1, 3], [3, 0]], torch.int64), (3, 2)], {"dim": 1}),
    Case("scatter.value", "a number", [(3, 4), given([[0, 2], [1, 3], [3, 0]], torch.int64)], {"dim": 1, "value": 7.0}),
    Case("scatter_add", "repeated places", [(3, 4), given([[0, 0], [1, 3], [3, 3]], torch.int64), (3, 2)], {"dim": 1}),
    Case("masked_scatter", "plain", [(2, 3), given([[True, False, True], [False, True, True]], torch.bool), (4,)], gradient=False),
]

SAMPLES = [
    Case("instance_norm", "affine", [(2, 3, 4), (3,), (3,)], {"use_input_stats": True, "momentum": 0.1, "eps": 1e-5, "cudnn_enabled": False}),
    Case("instance_norm", "running statistics", [(2, 3, 4), None, None, (3,), positive(3)], {"use_input_stats": False, "momentum": 0.1, "eps": 1e-5, "cudnn_enabled": False}, gradient=False),
    Case("adaptive_max_pool2d", "uneven windows", [distinct(2, 2, 5, 4)], {"output_size": [3, 2]}),
    Case("adaptive_max_pool2d", "one window", [distinct(2, 2, 3, 4)], {"output_size": [1, 1]}),
    Case("upsample_nearest1d.vec", "factor 2", [(2, 2, 3)], {"output_size": None, "scale_factors": [2.0]}),
    Case("upsample_nearest2d.vec", "whole factors", [(1, 2, 3, 2)], {"output_size": None, "scale_factors": [2.0, 3.0]}),
    Case("upsample_nearest2d.vec", "a size", [(1, 2, 3, 4)], {"output_size": [5, 3], "scale_factors": None}),
    Case("upsample_nearest3d.vec", "factor 2", [(1, 1, 2, 2, 2)], {"output_size": None, "scale_factors": [2.0, 2.0, 2.0]}),
    Case("upsample_linear1d.vec", "edges", [(2, 2, 4)], {"output_size": [7], "align_corners": False, "scale_factors": None}),
    Case("upsample_bilinear2d.vec", "edges", [(1, 2, 3, 4)], {"output_size": None, "align_corners": False, "scale_factors": [2.0, 2.0]}),
    Case("upsample_bilinear2d.vec", "corners", [(1, 2, 3, 4)], {"output_size": [5, 7], "align_corners": True, "scale_factors": None}),
    Case("upsample_bilinear2d.vec", "smaller", [(1, 2, 6, 5)], {"output_size": [3, 2], "align_corners": False, "scale_factors": None}),
    Case("upsample_bicubic2d.vec", "edges", [(1, 2, 4, 3)], {"output_size": [7, 6], "align_corners": False, "scale_factors": None}),
    Case("upsample_bicubic2d.vec", "corners", [(1, 2, 4, 3)], {"output_size": [6, 5], "align_corners": True, "scale_factors": None}),
    Case("grid_sampler", "zeros outside", [(2, 2, 4, 3), away(2, 3, 2, 2, scale=0.7)], {"interpolation_mode": 0, "padding_mode": 0, "align_corners": False}, nonsmooth=True),
    Case("grid_sampler", "border, corners", [(2, 2, 4, 3), away(2, 3, 2, 2, scale=0.7)], {"interpolation_mode": 0, "padding_mode": 1, "align_corners": True}, nonsmooth=True),
    Case("grid_sampler", "nearest", [(2, 2, 4, 3), away(2, 3, 2, 2, scale=0.7)], {"interpolation_mode": 1, "padding_mode": 0, "align_corners": False}, gradient=False),
]  # fmt: skip

CASES = ELEMENTWISE + SHAPES + REDUCTIONS + PRODUCTS + CREATED + POSITIONS + SAMPLES
