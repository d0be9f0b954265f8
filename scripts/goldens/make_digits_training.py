"""Makes test/goldens/digits-training.json and .safetensors: twenty float training steps of the digit network.

The images are random bytes: what is compared is the arithmetic of training, not what is learned."""

import torch
from store import TensorStore, write_json
from torch import nn

STEPS, BATCH, LR, MOMENTUM, SEED = 20, 16, 0.05, 0.9, 5


def digit_network():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 10),
    )


def train(model, images, labels):
    """The loss of every step, before its update."""
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)
    dtype = next(model.parameters()).dtype
    losses = []
    for image, label in zip(images, labels, strict=True):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(image.to(dtype) / 255), label)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def main():
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    model = digit_network()
    images = torch.randint(0, 256, (STEPS, BATCH, 1, 28, 28), dtype=torch.uint8)
    labels = torch.randint(0, 10, (STEPS, BATCH))
    store = TensorStore()
    store.tensors = {f"initial.{name}": value.clone() for name, value in model.state_dict().items()}
    losses = train(model, images, labels)
    final = model.state_dict()
    statistics = {
        f"final.{name}": final[name].clone() for name in final if "running" in name or name == "9.bias"
    }
    store.tensors.update({"images": images, "labels": labels, **statistics})
    options = {"lr": LR, "momentum": MOMENTUM, "batch": BATCH, "steps": STEPS, "pixelScale": 255}
    size = store.write("digits-training") + write_json("digits-training", options=options, losses=losses)
    print(f"{STEPS} losses from {losses[0]:.4f} to {losses[-1]:.4f}, {size} bytes")


if __name__ == "__main__":
    main()
