"""Runs an ML program with PyTorch's kernels, one operation of MIL after the other, as coremltools documents them.

Core ML itself runs on Apple's systems only; this is a second opinion on what a program computes."""

import numpy as np
import torch
import torch.nn.functional as F

torch.set_grad_enabled(False)

UNARY = {
    "relu": F.relu,
    "relu6": F.relu6,
    "silu": F.silu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x)),
    "exp": torch.exp,
    "sin": torch.sin,
    "cos": torch.cos,
    "sqrt": torch.sqrt,
    "erf": torch.erf,
    "abs": torch.abs,
    "sign": torch.sign,
    "floor": torch.floor,
    "ceil": torch.ceil,
    "round": torch.round,
    "logical_not": torch.logical_not,
    "identity": lambda x: x,
}
BINARY = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "real_div": torch.div,
    "floor_div": torch.floor_divide,
    "pow": torch.pow,
    "minimum": torch.minimum,
    "maximum": torch.maximum,
    "equal": torch.eq,
    "not_equal": torch.ne,
    "less": torch.lt,
    "less_equal": torch.le,
    "greater": torch.gt,
    "greater_equal": torch.ge,
    "logical_and": torch.logical_and,
    "logical_or": torch.logical_or,
}
DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "int32": torch.int32, "bool": torch.bool}
CONVOLUTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def run(program, inputs):
    """The outputs of a loaded program, in order."""
    function = program.functions["main"]
    values = {name: torch.from_numpy(value) for name, value in zip(function.inputs, inputs, strict=True)}
    for operation in function.operations:
        results = evaluate(operation, values)
        for output, result in zip(operation.outputs, results, strict=True):
            values[output.name] = result
    return [values[output.name].numpy() for output in function.outputs]


def evaluate(operation, values):
    kind = operation.op_type
    if kind == "const" or kind.startswith("constexpr_"):
        return [tensor_of(operation.materialized_val_inference() if kind != "const" else operation.val.val)]
    args = {name: argument(var, values) for name, var in operation.inputs.items() if var is not None}
    if kind in UNARY:
        return [UNARY[kind](args["x"])]
    if kind in BINARY:
        return [BINARY[kind](args["x"], args["y"])]
    results = OPERATIONS[kind](**args)
    return list(results) if isinstance(results, (tuple, list)) else [results]


def argument(var, values):
    if isinstance(var, (list, tuple)):
        return [argument(each, values) for each in var]
    if var.name in values:
        return values[var.name]
    return tensor_of(var.val)


def tensor_of(value):
    if isinstance(value, str):
        return value
    array = np.asarray(value)
    return torch.from_numpy(np.ascontiguousarray(array)).reshape(array.shape)


def ints(tensor):
    return [int(each) for each in tensor.reshape(-1)]


def clip(x, alpha, beta):
    return torch.clamp(x, alpha, beta)


def padded(x, pad, value=0.0):
    pairs = [pad[i : i + 2] for i in range(0, len(pad), 2)]
    return F.pad(x, [each for pair in reversed(pairs) for each in pair], value=value)


def pads(pad_type, pad, count):
    return [0] * (2 * count) if pad_type == "valid" or pad is None else ints(pad)


def conv(x, weight, bias=None, strides=None, pad_type="valid", pad=None, dilations=None, groups=torch.tensor(1)):
    count = weight.dim() - 2
    steps = ints(strides) if strides is not None else [1] * count
    gaps = ints(dilations) if dilations is not None else [1] * count
    return CONVOLUTIONS[count](padded(x, pads(pad_type, pad, count)), weight, bias, steps, 0, gaps, int(groups))


def conv_transpose(x, weight, bias=None, strides=None, pad_type="valid", pad=None, dilations=None, groups=torch.tensor(1)):
    count = weight.dim() - 2
    whole = TRANSPOSED[count](x, weight, bias, ints(strides), 0, 0, int(groups), ints(dilations))
    return padded(whole, [-each for each in pads(pad_type, pad, count)])


def windows(x, kernel_sizes, strides, pad_type, pad, ceil_mode, value):
    """[N, C, windows..., elements of a window], and which elements lie inside of the padded input."""
    kernel, steps = ints(kernel_sizes), ints(strides)
    sides = pads(pad_type, pad, len(kernel))
    sizes = []
    for axis, (size, step) in enumerate(zip(kernel, steps)):
        room = x.shape[axis + 2] + sides[2 * axis] + sides[2 * axis + 1] - size
        count = (-(-room // step) if ceil_mode else room // step) + 1
        if ceil_mode and (count - 1) * step >= x.shape[axis + 2] + sides[2 * axis]:
            count -= 1
        sizes.append(count)
        missing = (count - 1) * step + size - x.shape[axis + 2] - sides[2 * axis]
        sides[2 * axis + 1] = missing
    spread = padded(x, sides, value)
    for axis, (size, step) in enumerate(zip(kernel, steps)):
        spread = spread.unfold(axis + 2, size, step)
    return spread.flatten(2 + len(kernel))


def max_pool(x, kernel_sizes, strides, pad_type, pad=None, ceil_mode=False):
    return windows(x, kernel_sizes, strides, pad_type, pad, bool(ceil_mode), -torch.inf).amax(-1)


def avg_pool(x, kernel_sizes, strides, pad_type, pad=None, exclude_padding_from_average=False, ceil_mode=False):
    geometry = (kernel_sizes, strides, pad_type, pad, bool(ceil_mode))
    sums = windows(x, *geometry, 0.0).sum(-1)
    ones = torch.ones_like(x)
    if not bool(exclude_padding_from_average):
        sides = pads(pad_type, pad, len(ints(kernel_sizes)))
        ones = padded(ones, sides, 1.0)
        geometry = (kernel_sizes, strides, "valid", None, bool(ceil_mode))
    return sums / windows(ones, *geometry, 0.0).sum(-1)


def batch_norm(x, mean, variance, gamma=None, beta=None, epsilon=torch.tensor(1e-5)):
    return F.batch_norm(x, mean, variance, gamma, beta, False, 0.0, float(epsilon))


def layer_norm(x, axes, gamma=None, beta=None, epsilon=torch.tensor(1e-5)):
    shape = [x.shape[axis] for axis in ints(axes)]
    return F.layer_norm(x, shape, gamma, beta, float(epsilon))


def quantize(input, scale, output_dtype, zero_point=None, axis=None):
    low, high = (-128, 127) if output_dtype == "int8" else (0, 255)
    shifted = torch.round(input / scale) + (0 if zero_point is None else zero_point.to(torch.float32))
    return shifted.clamp(low, high).to(torch.int8 if low < 0 else torch.uint8)


def dequantize(input, scale, zero_point=None, axis=None):
    offset = 0 if zero_point is None else zero_point.to(torch.float32)
    return scale * (input.to(torch.float32) - offset)


def slice_by_index(x, begin, end, stride=None, begin_mask=None, end_mask=None, squeeze_mask=None):
    index = []
    for axis in range(x.dim()):
        flag = lambda mask: mask is not None and bool(mask[axis])
        first = None if flag(begin_mask) else int(begin[axis])
        if flag(squeeze_mask):
            index.append(first or 0)
            continue
        last = None if flag(end_mask) else int(end[axis])
        index.append(slice(first, last, int(stride[axis]) if stride is not None else 1))
    return x[tuple(index)]


def matmul(x, y, transpose_x=False, transpose_y=False):
    a = x.transpose(-1, -2) if bool(transpose_x) else x
    b = y.transpose(-1, -2) if bool(transpose_y) else y
    return a @ b


def attention(query, key, value, attn_mask=None):
    return F.scaled_dot_product_attention(query, key, value, attn_mask)


def recurrent_gates(weights, count):
    return weights.chunk(count, 0)


def lstm_direction(x, h, c, weight_ih, weight_hh, bias):
    outputs = []
    for step in x:
        sums = step @ weight_ih.T + h @ weight_hh.T + (0 if bias is None else bias)
        i, f, o, z = sums.chunk(4, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(z)
        h = torch.sigmoid(o) * torch.tanh(c)
        outputs.append(h)
    return torch.stack(outputs), h, c


def lstm(x, initial_h, initial_c, weight_ih, weight_hh, bias=None, direction="forward", weight_ih_back=None,
         weight_hh_back=None, bias_back=None, **_):
    if direction == "forward":
        return lstm_direction(x, initial_h, initial_c, weight_ih, weight_hh, bias)
    (h, h_back), (c, c_back) = initial_h.chunk(2, -1), initial_c.chunk(2, -1)
    ahead = lstm_direction(x, h, c, weight_ih, weight_hh, bias)
    back = lstm_direction(x.flip(0), h_back, c_back, weight_ih_back, weight_hh_back, bias_back)
    return [torch.cat([a, b], -1) for a, b in zip(ahead, (back[0].flip(0), *back[1:]))]


def gru(x, initial_h, weight_ih, weight_hh, bias=None, input_bias=None, reset_after=False, direction="forward", **_):
    assert bool(reset_after)
    h, outputs = initial_h, []
    for step in x if direction == "forward" else x.flip(0):
        r_in, o_in, z_in = (step @ weight_ih.T + (0 if input_bias is None else input_bias)).chunk(3, -1)
        r_h, o_h, z_h = (h @ weight_hh.T + (0 if bias is None else bias)).chunk(3, -1)
        r, z = torch.sigmoid(r_in + r_h), torch.sigmoid(z_in + z_h)
        h = (1 - z) * torch.tanh(o_in + r * o_h) + z * h
        outputs.append(h)
    sequence = torch.stack(outputs)
    return (sequence if direction == "forward" else sequence.flip(0)), h


def split(x, axis, split_sizes=None, num_splits=None):
    if split_sizes is None:
        return torch.tensor_split(x, int(num_splits), int(axis))
    return torch.split(x, ints(split_sizes), int(axis))


OPERATIONS = {
    "sigmoid_hard": lambda x, alpha, beta: torch.clamp(alpha * x + beta, 0, 1),
    "clip": clip,
    "elu": lambda x, alpha: torch.where(x > 0, x, alpha * (torch.exp(x) - 1)),
    "leaky_relu": lambda x, alpha: torch.where(x > 0, x, alpha * x),
    "gelu": lambda x, mode: F.gelu(x, approximate="none" if mode == "EXACT" else "tanh"),
    "softmax": lambda x, axis: torch.softmax(x, int(axis)),
    "rsqrt": lambda x, epsilon: 1 / torch.sqrt(x + epsilon),
    "inverse": lambda x, epsilon: 1 / (x + epsilon),
    "log": lambda x, epsilon: torch.log(x + epsilon),
    "cast": lambda x, dtype: x.to(DTYPES[dtype]),
    "select": lambda cond, a, b: torch.where(cond, a, b),
    "linear": lambda x, weight, bias=None: F.linear(x, weight, bias),
    "matmul": matmul,
    "conv": conv,
    "conv_transpose": conv_transpose,
    "max_pool": max_pool,
    "avg_pool": avg_pool,
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "quantize": quantize,
    "dequantize": dequantize,
    "reshape": lambda x, shape: x.reshape(ints(shape)),
    "expand_dims": lambda x, axes: x[tuple(None if i in ints(axes) else slice(None) for i in range(x.dim() + len(ints(axes))))],
    "squeeze": lambda x, axes: x.squeeze(tuple(ints(axes))),
    "transpose": lambda x, perm: x.permute(ints(perm)),
    "concat": lambda values, axis, interleave=False: torch.cat(values, int(axis)),
    "stack": lambda values, axis: torch.stack(values, int(axis)),
    "split": split,
    "tile": lambda x, reps: x.repeat(ints(reps)),
    "slice_by_index": slice_by_index,
    "pad": lambda x, pad, mode="constant", constant_val=torch.tensor(0.0): padded(x, ints(pad), float(constant_val)),
    "gather": lambda x, indices, axis, **_: x.index_select(int(axis), indices.reshape(-1).long()).reshape(
        x.shape[: int(axis)] + indices.shape + x.shape[int(axis) + 1 :]),
    "gather_along_axis": lambda x, indices, axis, **_: x.gather(int(axis), indices.long()),
    "reduce_mean": lambda x, axes, keep_dims: x.mean(ints(axes), bool(keep_dims)),
    "reduce_sum": lambda x, axes, keep_dims: x.sum(ints(axes), bool(keep_dims)),
    "reduce_max": lambda x, axes, keep_dims: x.amax(ints(axes), bool(keep_dims)),
    "reduce_min": lambda x, axes, keep_dims: x.amin(ints(axes), bool(keep_dims)),
    "reduce_sum_square": lambda x, axes, keep_dims: (x * x).sum(ints(axes), bool(keep_dims)),
    "reduce_log_sum_exp": lambda x, axes, keep_dims: x.logsumexp(ints(axes), bool(keep_dims)),
    "reduce_argmax": lambda x, axis, keep_dims, **_: x.argmax(int(axis), bool(keep_dims)).int(),
    "reduce_argmin": lambda x, axis, keep_dims, **_: x.argmin(int(axis), bool(keep_dims)).int(),
    "cumsum": lambda x, axis, **_: x.cumsum(int(axis)),
    "scaled_dot_product_attention": attention,
    "lstm": lstm,
    "gru": gru,
}
