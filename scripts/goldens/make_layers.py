"""Makes test/goldens/layers.json and layers.safetensors: for each layer its state dict, outputs, gradients of
inputs and parameters, the buffers that a training step leaves, and the nodes that torch.export records."""

import warnings
import zlib
from dataclasses import dataclass, field

import torch
from case import camel_case, gradient_of
from store import TensorStore, write_json
from torch import nn
from values import given, integers, tensor_of

BATCH = 2


@dataclass
class Layer:
    """`args` are PyTorch's; lowbit takes the keyword ones as an options object."""

    kind: str
    name: str
    args: tuple
    inputs: list
    options: dict = field(default_factory=dict)
    train: bool = False
    #: Keyword arguments of the call; what they hold besides plain values are recipes of tensors.
    call: dict = field(default_factory=dict)
    #: Which input stands at each place of the call; None is each at its own.
    places: tuple | None = None


def evaluate(layer, store):
    generator = torch.Generator().manual_seed(zlib.crc32(f"{layer.kind} {layer.name}".encode()))
    torch.manual_seed(zlib.crc32(layer.name.encode()))
    module = getattr(nn, layer.kind)(*layer.args, **layer.options).train(layer.train)
    randomize(module, generator)
    state = {name: store.add(value) for name, value in module.state_dict().items()}
    inputs = [tensor_of(recipe, generator) for recipe in layer.inputs]
    places = layer.places or tuple(range(len(inputs)))
    call = {key: value(generator) if callable(value) else value for key, value in layer.call.items()}
    masks = {key: value for key, value in call.items() if isinstance(value, torch.Tensor)}
    # Masks are prepared with in-place operations, which lowbit records in another form.
    nodes = None if layer.train or masks else exported(module, [inputs[i] for i in places], call)
    leaves = [leaf for leaf in inputs if leaf.is_floating_point()]
    for leaf in leaves:
        leaf.requires_grad_(True)
    outputs = flatten_outputs(module(*(inputs[i] for i in places), **call))
    grad_outputs = [gradient_of(output, generator) for output in outputs]
    torch.autograd.backward(outputs, grad_outputs)
    buffers = {name for name, _ in module.named_buffers()}
    after = {name: store.add(value) for name, value in module.state_dict().items() if name in buffers}
    return {
        "layer": layer.kind,
        "name": layer.name,
        "args": [*layer.args, *options_of(layer.options)],
        "train": layer.train,
        "places": places,
        "call": options_of({key: value for key, value in call.items() if key not in masks}),
        "masks": {camel_case(key): store.add(value) for key, value in masks.items()},
        "state": state,
        "inputs": [store.add(tensor) for tensor in inputs],
        "outputs": [store.add(output) for output in outputs],
        "gradOutputs": [store.add(gradient) for gradient in grad_outputs],
        "gradInputs": [store.add(tensor.grad) for tensor in inputs],
        "gradParameters": {
            name: store.add(parameter.grad) for name, parameter in module.named_parameters()
        },
        "after": after if layer.train else {},
        "nodes": nodes,
    }


def randomize(module, generator):
    """Gives what starts as zeros or ones other values, or an error in its use would not show."""
    with torch.no_grad():
        for value in module.state_dict().values():
            if value.is_floating_point() and value.unique().numel() == 1:
                value.add_(torch.rand(value.shape, generator=generator))


def exported(module, inputs, call):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(module, tuple(inputs), call, strict=False)
    return [node.name for node in program.graph.nodes if node.op == "call_function" and is_aten(node.target)]


def is_aten(target):
    return str(target).startswith("aten.")


def flatten_outputs(result):
    if result is None:
        return []
    if isinstance(result, torch.Tensor):
        return [result]
    return [tensor for part in result for tensor in flatten_outputs(part)]


def options_of(options):
    if not options:
        return []
    return [{camel_case(key): value for key, value in options.items()}]


def image(channels=4, *sizes):
    return (BATCH, channels, *(sizes or (6, 5)))


LINEAR = [
    Layer("Linear", "a batch of rows", (5, 3), [(BATCH, 4, 5)]),
    Layer("Linear", "no bias", (5, 3), [(BATCH, 5)], {"bias": False}),
    Layer("Embedding", "rows of a table", (6, 3), [integers(2, 4, high=6)]),
    Layer("Embedding", "a padding row", (6, 3), [integers(2, 4, high=6)], {"padding_idx": 2}),
    Layer("Flatten", "all but the batch", (), [image()]),
    Layer("Flatten", "some dimensions", (1, 2), [image()]),
    Layer("Identity", "values", (), [(2, 3)]),
    Layer("Dropout", "evaluation", (0.3,), [(2, 3)]),
]

CONVOLUTIONS = [
    Layer("Conv1d", "stride and padding", (4, 6, 3), [image(4, 7)], {"stride": 2, "padding": 1}),
    Layer("Conv1d", "same padding", (4, 6, 3), [image(4, 7)], {"padding": "same"}),
    Layer("Conv2d", "defaults", (4, 6, 3), [image()]),
    Layer(
        "Conv2d",
        "groups, no bias",
        (4, 6, (3, 2)),
        [image()],
        {"stride": (2, 1), "padding": (1, 0), "groups": 2, "bias": False},
    ),
    Layer("Conv3d", "dilation", (2, 3, 2), [image(2, 4, 4, 3)], {"dilation": (2, 1, 1)}),
    Layer("ConvTranspose1d", "stride", (4, 3, 3), [image(4, 5)], {"stride": 2}),
    Layer(
        "ConvTranspose2d",
        "groups and output padding",
        (4, 6, 3),
        [image(4, 3, 4)],
        {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2},
    ),
    Layer("ConvTranspose3d", "no bias", (2, 3, 2), [image(2, 2, 3, 2)], {"bias": False}),
]

NORMALIZATIONS = [
    Layer("BatchNorm1d", "rows, evaluation", (4,), [(3, 4)]),
    Layer("BatchNorm1d", "sequences, training", (4,), [image(4, 5)], train=True),
    Layer("BatchNorm2d", "evaluation", (4,), [image()]),
    Layer("BatchNorm2d", "training", (4,), [image()], {"eps": 1e-3, "momentum": 0.3}, train=True),
    Layer("BatchNorm2d", "no affine part, training", (4,), [image()], {"affine": False}, train=True),
    Layer("BatchNorm2d", "no running statistics", (4,), [image()], {"track_running_stats": False}),
    Layer("BatchNorm3d", "training", (2,), [image(2, 3, 2, 2)], train=True),
    Layer("LayerNorm", "one dimension", (5,), [(2, 3, 5)]),
    Layer("LayerNorm", "two dimensions, no bias", ((3, 5),), [(2, 3, 5)], {"eps": 1e-3, "bias": False}),
    Layer("GroupNorm", "two groups", (2, 4), [image()]),
    Layer("GroupNorm", "no affine part", (2, 4), [image()], {"affine": False}),
    Layer("RMSNorm", "one dimension", (5,), [(2, 3, 5)]),
    Layer("RMSNorm", "an eps", (5,), [(2, 3, 5)], {"eps": 1e-3, "elementwise_affine": False}),
]

POOLS = [
    Layer("MaxPool1d", "defaults", (2,), [image(4, 7)]),
    Layer("MaxPool2d", "stride and padding", (3,), [image()], {"stride": 2, "padding": 1}),
    Layer("MaxPool2d", "ceil mode and dilation", (2,), [image(2, 7, 6)], {"dilation": 2, "ceil_mode": True}),
    Layer("MaxPool3d", "defaults", (2,), [image(2, 4, 3, 2)]),
    Layer("AvgPool1d", "padding", (3,), [image(4, 7)], {"stride": 2, "padding": 1}),
    Layer(
        "AvgPool2d",
        "padding that does not count",
        ((3, 2),),
        [image()],
        {"stride": 2, "padding": 1, "count_include_pad": False, "ceil_mode": True},
    ),
    Layer("AvgPool3d", "a divisor", (2,), [image(2, 4, 3, 2)], {"divisor_override": 3}),
    Layer("AdaptiveAvgPool1d", "to three", (3,), [image(4, 7)]),
    Layer("AdaptiveAvgPool2d", "one size stays", ((2, None),), [image()]),
    Layer("AdaptiveAvgPool3d", "to one", (1,), [image(2, 2, 3, 2)]),
]

ACTIVATIONS = [
    *(
        Layer(kind, "values", (), [(3, 4)])
        for kind in (
            *("ReLU", "ReLU6", "LeakyReLU", "SiLU", "ELU", "CELU", "SELU", "Mish", "Hardtanh"),
            *("Hardswish", "Hardsigmoid", "GELU", "Sigmoid", "LogSigmoid", "Tanh"),
        )
    ),
    Layer("LeakyReLU", "a slope", (0.2,), [(3, 4)]),
    Layer("ELU", "an alpha", (0.5,), [(3, 4)]),
    Layer("CELU", "an alpha", (0.5,), [(3, 4)]),
    Layer("Hardtanh", "limits", (), [(3, 4)], {"min_val": -0.5, "max_val": 0.8}),
    Layer("GELU", "by the hyperbolic tangent", (), [(3, 4)], {"approximate": "tanh"}),
    Layer("Softmax", "of columns", (0,), [(3, 4)]),
    Layer("LogSoftmax", "of rows", (-1,), [(3, 4)]),
]

RECURRENT = [
    layer
    for kind in ("LSTM", "GRU")
    for layer in (
        Layer(kind, "defaults", (3, 2), [(4, BATCH, 3)]),
        Layer(
            kind,
            "two bidirectional layers, batch first",
            (3, 2),
            [(BATCH, 4, 3)],
            {"num_layers": 2, "bidirectional": True, "batch_first": True, "dropout": 0.2},
        ),
        Layer(kind, "a sequence without a batch, no biases", (3, 2), [(4, 3)], {"bias": False}),
    )
]

HIDDEN = given([[False, True, False], [False, False, True], [True, False, False], [False] * 3], torch.bool)
PADDING = given([[False, False, True], [False, False, False]], torch.bool)
CAUSAL = given([[column > row for column in range(4)] for row in range(4)], torch.bool)

ATTENTION = [
    Layer("MultiheadAttention", "of a sequence to itself", (8, 2), [(4, BATCH, 8)], places=(0, 0, 0)),
    Layer(
        "MultiheadAttention",
        "keys that are the values, no bias",
        (8, 2),
        [(BATCH, 4, 8), (BATCH, 3, 8)],
        {"batch_first": True, "bias": False},
        places=(0, 1, 1),
    ),
    Layer(
        "MultiheadAttention",
        "masks that hide",
        (8, 2),
        [(4, BATCH, 8), (3, BATCH, 8)],
        call={"attn_mask": HIDDEN, "key_padding_mask": PADDING},
        places=(0, 1, 1),
    ),
    Layer(
        "MultiheadAttention",
        "masks that are added, without weights",
        (8, 2),
        [(4, BATCH, 8), (3, BATCH, 8)],
        call={
            "attn_mask": lambda generator: torch.randn((4, 4, 3), generator=generator),
            "key_padding_mask": lambda generator: torch.randn((BATCH, 3), generator=generator),
            "need_weights": False,
        },
        places=(0, 1, 1),
    ),
    *(
        Layer(
            "MultiheadAttention",
            f"causal, {title}",
            (8, 2),
            [(4, BATCH, 8)],
            call={"attn_mask": CAUSAL, "is_causal": True, "need_weights": need_weights},
            places=(0, 0, 0),
        )
        for title, need_weights in (("with weights", True), ("without weights", False))
    ),
    Layer("MultiheadAttention", "three inputs", (8, 2), [(4, BATCH, 8), (3, BATCH, 8), (3, BATCH, 8)]),
    Layer(
        "MultiheadAttention",
        "other features, batch first, no bias",
        (8, 2),
        [(BATCH, 4, 8), (BATCH, 3, 6), (BATCH, 3, 5)],
        {"kdim": 6, "vdim": 5, "batch_first": True, "bias": False},
    ),
    Layer(
        "MultiheadAttention",
        "without weights",
        (8, 2),
        [(4, BATCH, 8), (3, BATCH, 8), (3, BATCH, 8)],
        call={"need_weights": False},
    ),
    Layer(
        "MultiheadAttention",
        "weights of each head, no batch",
        (8, 2),
        [(4, 8), (3, 8), (3, 8)],
        call={"average_attn_weights": False},
    ),
]


def main():
    torch.set_num_threads(1)
    store = TensorStore()
    layers = LINEAR + CONVOLUTIONS + NORMALIZATIONS + POOLS + ACTIVATIONS + RECURRENT + ATTENTION
    cases = [evaluate(layer, store) for layer in layers]
    size = store.write("layers") + write_json("layers", cases=cases)
    print(f"{len(cases)} cases, {size} bytes")


if __name__ == "__main__":
    main()
