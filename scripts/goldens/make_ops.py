"""Makes test/goldens/ops.json and ops.safetensors: values and gradients of every ATen op by PyTorch."""

import collections

import torch
from case import evaluate
from ops import (
    activations,
    attention,
    composed,
    convolutions,
    creation,
    elementwise,
    indexing,
    logic,
    matmul,
    normalization,
    pooling,
    recurrent,
    reductions,
    shapes,
    transposed_convolutions,
)
from store import TensorStore, write_json

GROUPS = [
    elementwise, logic, activations, reductions, shapes, indexing, creation, convolutions,
    transposed_convolutions, pooling, normalization, matmul, attention, recurrent, composed,
]  # fmt: skip
LIMIT_BYTES = 4 * 1024 * 1024


def main():
    torch.set_num_threads(1)
    store = TensorStore()
    cases = [evaluate(case, store) for group in GROUPS for case in group.CASES]
    names = collections.Counter((case["op"], case["name"]) for case in cases)
    repeated = [name for name, count in names.items() if count > 1]
    if repeated:
        raise ValueError(f"cases with the same op and name: {repeated}")
    size = store.write("ops") + write_json("ops", cases=cases)
    if size > LIMIT_BYTES:
        raise ValueError(f"the goldens take {size} bytes, more than {LIMIT_BYTES}: use smaller shapes")
    for op, count in collections.Counter(case["op"] for case in cases).items():
        print(f"{op} {count}")
    print(f"{len(cases)} cases, {len(store.tensors)} tensors, {size} bytes")


if __name__ == "__main__":
    main()
