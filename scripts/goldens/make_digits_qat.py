"""Makes test/goldens/digits-qat.json: 100 steps of training of the digit network in PyTorch and 200 more, quantization-aware, in the
reference, for three seeds and both modes, from the weights and in the order that scripts/study/write-parity-inputs.ts wrote to out/parity/."""

import json
import warnings
from pathlib import Path

import torch
from coreai_opt.quantization import Quantizer, QuantizerConfig
from safetensors import safe_open
from store import FOLDER
from torch import nn

warnings.filterwarnings("ignore")

INPUTS = FOLDER.parents[1] / "out" / "parity"
TARGET = FOLDER / "digits-qat.json"
SEEDS, MODES = (1, 2, 3), ("graph", "eager")
EVALUATED = 100


def read(path):
    """The tensors of a file by name, and its metadata."""
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}


def digit_network():
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5, padding=2),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 10),
    )


def train(model, batches, rate):
    """The loss of every step, before its update."""
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    losses = []
    for images, labels in batches:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def percent_right(model, images, labels):
    with torch.no_grad():
        right = sum(
            (model(part).argmax(1) == meant).sum().item()
            for part, meant in zip(images.split(EVALUATED), labels.split(EVALUATED), strict=True)
        )
    return 100 * right / len(labels)


def run(data, tensors, mode, settings):
    """One training: its losses, and the accuracy after it."""
    model = digit_network()
    initial = {name[8:]: value for name, value in tensors.items() if name.startswith("initial.")}
    model.load_state_dict(initial)
    images, labels = data["train.images"], data["train.labels"].long()
    rows = tensors["order"].long().split(int(settings["batch"]))
    batches = [(images[row], labels[row]) for row in rows]
    float_batches, batches = batches[: int(settings["floatSteps"])], batches[int(settings["floatSteps"]) :]
    losses = train(model, float_batches, float(settings["floatRate"]))
    quantizer = Quantizer(model.eval(), QuantizerConfig(execution_mode=mode))
    sizes = {"dynamic_shapes": ({0: torch.export.Dim("batch")},)} if mode == "graph" else {}
    prepared = quantizer.prepare((batches[0][0],), **sizes)
    with quantizer.training_mode():
        losses += train(prepared, batches, float(settings["rate"]))
    return losses, percent_right(prepared, data["test.images"], data["test.labels"].long())


def main():
    torch.set_num_threads(1)
    data, _ = read(INPUTS / "data.safetensors")
    runs = []
    for seed in SEEDS:
        tensors, settings = read(INPUTS / f"seed-{seed}.safetensors")
        for mode in MODES:
            losses, accuracy = run(data, tensors, mode, settings)
            entry = {"seed": seed, "mode": mode, "checksum": settings["checksum"], "accuracy": accuracy}
            runs.append({**entry, "losses": [round(loss, 6) for loss in losses]})
            print(f"seed {seed}, {mode}: {accuracy:.2f}%, last loss {losses[-1]:.4f}", flush=True)
    lines = ",\n".join(f"  {json.dumps(entry)}" for entry in runs)
    Path(TARGET).write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
