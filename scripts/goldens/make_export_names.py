"""Node names and module paths that torch.export gives, for src/nn/export-module.test.ts.

Usage: python scripts/goldens/make_export_names.py > test/goldens/export-names.json
"""

import json
import warnings

import torch
from torch import nn

warnings.filterwarnings("ignore")


class Net(nn.Module):
    """Layers and functions whose names collide with each other, with states, with inputs, and with Python's own."""

    def __init__(self):
        super().__init__()
        self.conv2d = nn.Conv2d(3, 4, 1)
        self.bn = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(0.3)
        self.abs = nn.Linear(4, 4)
        self.ls = nn.LogSigmoid()
        self.seq = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
        self.seq_1 = nn.Linear(4, 4)
        self.mul = nn.Parameter(torch.ones(4))
        self.head = nn.Linear(4, 4, bias=False)
        self.head.weight = self.abs.weight
        self.register_buffer("relu_1", torch.ones(4))

    def forward(self, input, ys, add):
        x = self.drop(self.bn(self.conv2d(input)))
        x = x.abs() + ys[0].sum() + ys[1]["q"].pow(2)
        x = self.ls(x.mean((2, 3)))[0:2]
        a, b = x.chunk(2, 1)
        x = torch.cat([a, b], 1) * self.mul
        x = torch.relu(torch.relu(x)) + self.relu_1 + add
        x = self.seq_1(self.seq(x))
        x = self.head(self.abs(x)).view(2, 2, 2).flatten(1)
        return {"y": 1 - x, "z": (x.matmul(x.t()), x.round())}


def record(model):
    inputs = (torch.randn(2, 3, 4, 4), [torch.randn(3), {"q": torch.randn(4, 4)}], torch.randn(4))
    with torch.no_grad():
        program = torch.export.export(model, inputs, strict=False)
    nodes = []
    for node in program.module(check_guards=False).graph.nodes:
        if node.op == "output" or str(node.target).find("getitem") >= 0:
            continue
        stack = [path for path, _ in node.meta.get("nn_module_stack", {}).values()]
        nodes.append([node.name, str(node.target) if node.op != "call_function" else None, stack[-1] if stack else None])
    return nodes


net = Net()
print("{")
print(f'"torch": "{torch.__version__.split("+")[0]}",')
for i, training in enumerate((True, False)):
    lines = ",\n".join(json.dumps(node) for node in record(net.train(training)))
    print(f'"{"training" if training else "evaluation"}": [\n{lines}\n]{"," if i == 0 else ""}')
print("}")
