"""LSTM and GRU. Parameters per layer and direction: weight [gates * hidden, in], recurrent weight
[gates * hidden, hidden], and with biases one of each; gates in PyTorch's order (i f g o; r z n)."""

from case import Case
from values import normal


def parameters(gates, inputs, hidden, layers=1, directions=1, biases=True):
    recipes = []
    for layer in range(layers):
        width = inputs if layer == 0 else hidden * directions
        for _ in range(directions):
            recipes += [normal(gates * hidden, width, scale=0.5), normal(gates * hidden, hidden, scale=0.5)]
            recipes += (
                [normal(gates * hidden, scale=0.2), normal(gates * hidden, scale=0.2)] if biases else []
            )
    return recipes


def recurrent_case(op, name, layers=1, bidirectional=False, biases=True, batch_first=False):
    steps, batch, inputs, hidden = 4, 2, 3, 2
    directions = 2 if bidirectional else 1
    x = (batch, steps, inputs) if batch_first else (steps, batch, inputs)
    state = (layers * directions, batch, hidden)
    flat = parameters(4 if op == "lstm" else 3, inputs, hidden, layers, directions, biases)
    attrs = {
        "has_biases": biases,
        "num_layers": layers,
        "dropout": 0.0,
        "train": False,
        "bidirectional": bidirectional,
        "batch_first": batch_first,
    }
    return Case(f"{op}.input", name, [x, [state, state] if op == "lstm" else state, flat], attrs)


CASES = [
    case
    for op in ("lstm", "gru")
    for case in (
        recurrent_case(op, "one layer"),
        recurrent_case(op, "batch first", batch_first=True),
        recurrent_case(op, "no biases", biases=False),
        recurrent_case(op, "two layers", layers=2),
        recurrent_case(op, "bidirectional", bidirectional=True),
        recurrent_case(
            op, "two bidirectional layers, batch first", layers=2, bidirectional=True, batch_first=True
        ),
    )
]
