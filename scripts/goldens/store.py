"""Writing goldens: tensors named by their content, and JSON with one case to a line."""

import hashlib
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

FOLDER = Path(__file__).resolve().parents[2] / "test" / "goldens"


class TensorStore:
    """Collects tensors; equal tensors (dtype, shape and bytes) share one key."""

    def __init__(self):
        self.tensors = {}

    def add(self, tensor):
        """Keeps the tensor and returns its key; None stays None."""
        if tensor is None:
            return None
        tensor = tensor.detach().contiguous().clone()
        content = tensor.reshape(-1).view(torch.uint8).numpy().tobytes()
        identity = f"{tensor.dtype}{list(tensor.shape)}".encode() + content
        key = hashlib.sha256(identity).hexdigest()[:10]
        known = self.tensors.setdefault(key, tensor)
        if known.dtype != tensor.dtype or known.shape != tensor.shape:
            raise ValueError(f"two different tensors have the key {key}: lengthen the keys")
        return key

    def write(self, name):
        """Writes test/goldens/<name>.safetensors and returns its size in bytes."""
        path = FOLDER / f"{name}.safetensors"
        save_file(dict(sorted(self.tensors.items())), path)
        path.chmod(0o644)
        return path.stat().st_size


def write_json(name, **lists):
    """Writes test/goldens/<name>.json: an object of lists, each element on a line of its own."""
    blocks = []
    for key, value in {"torch": torch.__version__.split("+")[0], **lists}.items():
        if isinstance(value, list):
            lines = ",\n".join(json.dumps(item, allow_nan=False) for item in value)
            blocks.append(f"{json.dumps(key)}: [\n{lines}\n]")
        else:
            blocks.append(f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}")
    path = FOLDER / f"{name}.json"
    path.write_text("{\n" + ",\n".join(blocks) + "\n}\n")
    return path.stat().st_size
