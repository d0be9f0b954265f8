"""What the checks share: the list of files, the comparison, and one line of JSON for each verdict."""

import json
import traceback
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file


def entries(folder):
    """The files of a folder, with inputs and expected outputs in order."""
    folder = Path(folder)
    for entry in json.loads((folder / "manifest.json").read_text()):
        tensors = load_file(folder / entry["tensors"])
        count = lambda kind: sum(name.startswith(kind) for name in tensors)
        inputs = [tensors[f"input.{i}"] for i in range(count("input."))]
        expected = [tensors[f"expected.{i}"] for i in range(count("expected."))]
        yield entry, folder / entry["file"], inputs, expected


def difference(got, expected):
    """The largest difference of all outputs, relative to the largest number expected."""
    if len(got) != len(expected):
        raise AssertionError(f"expected {len(expected)} outputs, got {len(got)}")
    worst = 0.0
    for a, b in zip(got, expected, strict=True):
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        if a.shape != b.shape:
            raise AssertionError(f"expected the shape {b.shape}, got {a.shape}")
        worst = max(worst, float(np.abs(a - b).max(initial=0) / max(float(np.abs(b).max(initial=0)), 1e-30)))
    return worst


def expect_equal(what, got, expected, tolerance):
    """Fails for outputs that differ by more than is allowed, relative to the largest number expected."""
    worst = difference(got, expected)
    if worst > tolerance:
        raise AssertionError(f"{what}: largest relative difference {worst:.2e}")
    return worst


def judge(folder, check):
    """Checks each file of a folder: `check(entry, path, inputs, expected)` gives a detail, or raises."""
    for entry, path, inputs, expected in entries(folder):
        try:
            passed, detail = True, check(entry, path, inputs, expected)
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            passed, detail = False, f"{type(error).__name__}: {str(error)[:600]} ({Path(place.filename).name}:{place.lineno})"
        print(json.dumps({"id": entry["id"], "passed": passed, "detail": detail}), flush=True)
