"""Small programs of torch.export.save and state dicts of torch.save, with what PyTorch computes or holds.

Writes test/goldens/programs/<name>.pt2, <name>.pth and programs.safetensors: `<program>.in.<call>.<argument>`,
`<program>.out.<call>.<result>` and `<state dict>.<path>`."""

from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

FOLDER = Path(__file__).parents[2] / "test" / "goldens" / "programs"


class Arguments(nn.Module):
    """Arguments by keyword, results in a dictionary, constants, a buffer that is not saved, modules under two names."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.again = self.first
        self.layers = nn.ModuleList([nn.Linear(4, 4), nn.ReLU()])
        self.unused = nn.Linear(2, 2)
        self.register_buffer("shift", torch.arange(4.0), persistent=False)
        self.plain = torch.full((4,), 0.5)

    def forward(self, x, scale: float, *, extra):
        y = self.layers[1](self.layers[0](self.again(x)))
        y = y * scale + self.shift + self.plain + torch.tensor([1.0, 2.0, 3.0, 4.0])
        y = y.masked_fill(y > 3, -1.0).masked_fill(y < 0, self.plain[0])
        return {"sum": y + extra["z"], "pair": (y * 2, None)}


class Sizes(nn.Module):
    """Sizes that vary, one of them a multiple, and arithmetic with them."""

    def forward(self, x):
        batch, steps, width = x.shape
        y = x.view(batch, steps, 2, width // 2).transpose(1, 2).reshape(batch, steps * 2, -1)
        return y[:, 1:] + torch.arange(steps * 2 - 1, device=x.device)[None, :, None]


class Layouts(nn.Module):
    """Weights that are not row-major, lie in one storage, or have other dtypes; paddings by name."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding="same").to(memory_format=torch.channels_last)
        self.valid = nn.Conv2d(4, 4, (1, 3), padding="valid")
        self.matrix = nn.Parameter(torch.randn(5, 4).t())
        both = torch.randn(2, 5)
        self.register_buffer("upper", both[0])
        self.register_buffer("lower", both[1])
        self.register_buffer("narrow", torch.tensor([0.5, -1.25], dtype=torch.float16))
        self.register_buffer("brain", torch.tensor([0.5, -1.25], dtype=torch.bfloat16))
        self.register_buffer("whole", torch.tensor([3, -(2**40)]))
        self.register_buffer("flags", torch.tensor([True, False]))
        self.register_buffer("scalar", torch.tensor(2.5))
        self.register_buffer("empty", torch.zeros(0, 3))

    def forward(self, x):
        y = self.valid(self.conv(x)).mean((2, 3)) @ self.matrix
        return y * self.upper + self.lower * self.scalar


class InPlace(nn.Module):
    """What is changed in place is changed for whoever reads it later; a buffer keeps it."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        y = x * 2
        y.add_(1)
        z = y.relu_()
        self.calls.add_(1)
        return y + z, self.calls * 1


def tensors_in(result):
    if isinstance(result, torch.Tensor):
        return [result]
    values = result.values() if isinstance(result, dict) else result
    return [tensor for value in values if value is not None for tensor in tensors_in(value)]


def write_program(kept, name, model, calls, **options):
    model.eval()
    with torch.no_grad():
        args, kwargs = calls[0]
        program = torch.export.export(model, args, kwargs, **options)
        for node in program.graph.nodes:
            node.meta.pop("stack_trace", None)
        torch.export.save(program, FOLDER / f"{name}.pt2")
        for i, (args, kwargs) in enumerate(calls):
            for k, tensor in enumerate(tensors_in([a for a in args if isinstance(a, torch.Tensor)] + list(kwargs.values()))):
                kept[f"{name}.in.{i}.{k}"] = tensor.clone()
            for k, tensor in enumerate(tensors_in(model(*args, **kwargs))):
                kept[f"{name}.out.{i}.{k}"] = tensor.clone()
    if name == "layouts":
        for path, tensor in model.state_dict().items():
            kept[f"{name}.state.{path}"] = tensor.contiguous().clone()


def write_states(kept):
    base = torch.arange(12.0).reshape(3, 4)
    tied = nn.Parameter(torch.randn(2, 3))
    state = OrderedDict(
        {
            "layer.weight": tied,
            "head.weight": tied,
            "transposed": base.t(),
            "part": base[1:, 2:],
            "half": torch.tensor([0.5, -2.0], dtype=torch.float16),
            "brain": torch.tensor([0.5, -2.0], dtype=torch.bfloat16),
            "norm.num_batches_tracked": torch.tensor(7),
            "flags": torch.tensor([True, False, True]),
            "bytes": torch.tensor([1, 255], dtype=torch.uint8),
            "empty": torch.zeros(0, 2),
        }
    )
    torch.save(state, FOLDER / "state.pth")
    torch.save(state, FOLDER / "state-legacy.pth", _use_new_zipfile_serialization=False)
    torch.save({"epoch": 3, "state_dict": state, "best": 0.5, "name": "net"}, FOLDER / "checkpoint.pth")
    torch.save({"weight": torch.zeros(2), "hook": print}, FOLDER / "callable.pth")
    for path, tensor in state.items():
        kept[f"state.{path}"] = tensor.detach().contiguous().clone()


def main():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    FOLDER.mkdir(exist_ok=True)
    kept = {}
    batch, half = torch.export.Dim("batch", max=8), torch.export.Dim("half", min=2, max=16)
    extra = {"z": torch.randn(4)}
    write_program(
        kept,
        "arguments",
        Arguments(),
        [((torch.randn(3, 4), 2.0), {"extra": extra}), ((torch.randn(5, 4), 2.0), {"extra": extra})],
        dynamic_shapes={"x": {0: batch}, "scale": None, "extra": {"z": None}},
    )
    write_program(
        kept,
        "sizes",
        Sizes(),
        [((torch.randn(3, 6, 4),), {}), ((torch.randn(2, 10, 4),), {})],
        dynamic_shapes={"x": {0: batch, 1: 2 * half}},
    )
    write_program(kept, "layouts", Layouts(), [((torch.randn(2, 3, 5, 6),), {})])
    write_program(kept, "in_place", InPlace(), [((torch.randn(2, 3),), {})])
    write_states(kept)
    save_file(kept, FOLDER / "programs.safetensors")


if __name__ == "__main__":
    main()
