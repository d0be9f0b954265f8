"""Writes test/goldens/arrays.npz: the element types and orders of axes that the reader of NumPy's files knows."""

from pathlib import Path

import numpy as np

values = np.arange(12).reshape(2, 3, 2)
np.savez_compressed(
    Path(__file__).parents[2] / "test/goldens/arrays.npz",
    float32=values.astype("f4") / 4,
    float64=values / 8,
    float16=(values / 2).astype("f2"),
    fortran=np.asfortranarray(values.astype("i8")),
    uint8=values.astype("u1"),
    bool=(values % 3 == 0),
    uint16=(values * 5000).astype("u2"),
    uint32=(values * 300000000).astype("u4"),
    scalar=np.int32(7),
)
