"""Makes test/goldens/ranges.json and ranges.safetensors: ranges that follow from how values are distributed.

Each is found by a plain implementation from the definitions in src/quantization/qparams, in float64 and over all values at once.
Beside asymmetric percentiles stand the ranges that ONNX Runtime's calibrator finds for the same values."""

from dataclasses import dataclass

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization.calibrate import HistogramCollector
from store import TensorStore, write_json

SMOOTHING = 2.0**-10
LIMITS = {
    "int8": (-128, 127),
    "uint8": (0, 255),
    "int4": (-8, 7),
    "uint4": (0, 15),
    "float8_e4m3fn": (-448, 448),
}


@dataclass
class Spec:
    """The fields of a spec that decide a range."""

    dtype: str = "int8"
    qscheme: str = "symmetric"
    percentile: float = 99.99

    @property
    def bits(self):
        return 4 if self.dtype.endswith("int4") else 8

    @property
    def is_symmetric(self):
        return self.qscheme != "asymmetric"


def round_to_e4m3(values):
    """The nearest fp8 e4m3fn numbers, ties to even."""
    exponents = np.maximum(np.floor(np.log2(np.maximum(np.abs(values), 2.0**-20))), -6)
    step = 2.0 ** (exponents - 3)
    return np.round(values / step) * step


def quantize(values, low, high, spec):
    """What quantization makes of values with a range."""
    quant_min, quant_max = LIMITS[spec.dtype]
    if spec.is_symmetric:
        scale = max(-low, high) / ((quant_max - quant_min) / 2)
        zero_point = int((quant_max + quant_min + 1) / 2)
    else:
        scale = (high - low) / (quant_max - quant_min)
        zero_point = np.clip(quant_min - np.round(low / max(scale, 2.0**-23)), quant_min, quant_max)
    scale = max(scale, 2.0**-23)
    if spec.dtype.startswith("float"):
        return round_to_e4m3(np.clip(values / scale, quant_min, quant_max)) * scale
    steps = np.round(values / scale) + zero_point
    return (np.clip(steps, quant_min, quant_max) - zero_point) * scale


def histogram(values, bins):
    """Counts in `bins` bins of equal width on either side of 0, and the width: the smallest power of two that reaches beyond all values."""
    values = values.astype(np.float64)
    peak = np.abs(values).max()
    width = 2.0 ** max(np.floor(np.log2(peak)) + 1 - np.log2(bins), -126) if peak > 0 else 2.0**-126
    counts = np.zeros(2 * bins, np.int64)
    steps = np.floor(np.abs(values) / width).astype(int)
    np.add.at(counts, np.where(values < 0, bins - 1 - steps, bins + steps), 1)
    return counts, width


def percentile_range(values, spec, bins=4096):
    """Bounds by sorting, moved outwards to the edges of bins."""
    _, width = histogram(values, bins)
    low, high = min(values.min(), 0), max(values.max(), 0)
    outside = len(values) * np.float64(1 - spec.percentile / 100)

    def edge(magnitudes, allowed):
        """The first edge with at most so many values at or beyond it; magnitudes ascend."""
        kept = len(magnitudes) - int(np.floor(allowed))
        return (np.floor(magnitudes[max(kept, 1) - 1] / width) + 1) * width

    if spec.is_symmetric:
        bound = edge(np.sort(np.abs(values)), outside)
        return max(low, -bound), min(high, bound)
    ordered = np.sort(values)
    # Of values that are not negative the lowest bound is 0 in any case.
    first = ordered[int(np.ceil(outside / 2)) - 1] if outside / 2 > 1 else ordered[0]
    last = ordered[len(values) - int(np.floor(outside / 2)) - 1]
    lower = -(np.floor(-first / width) + 1) * width if first < 0 else 0
    upper = (np.floor(last / width) + 1) * width if last > 0 else 0
    return max(low, lower), min(high, upper)


def squared_error(values, counts, low, high, spec):
    return (counts * (values - quantize(values, low, high, spec)) ** 2).sum()


def divergence(values, counts, low, high, spec):
    quantized = quantize(values, low, high, spec)
    middle = len(counts) // 2
    counts = counts.copy()
    counts[middle - 1], counts[middle] = counts[middle - 2], counts[middle + 1]
    half = (values[1] - values[0]) / 2
    if spec.is_symmetric:
        low, high = -max(-low, high), max(-low, high)
    slots = np.flatnonzero((values + half >= low) & (values - half <= high))
    if len(slots) < 2**spec.bits:
        return np.inf
    kept = counts[slots].astype(np.float64)
    p = kept.copy()
    p[0] += counts[: slots[0]].sum()
    p[-1] += counts[slots[-1] + 1 :].sum()
    q = np.zeros(len(slots))
    for level in np.unique(quantized[slots]):
        members = (quantized[slots] == level) & (kept > 0)
        if members.any():
            q[members] = kept[members].sum() / members.sum()
    p /= p.sum()
    q = (1 - SMOOTHING) * q / q.sum() + SMOOTHING / len(slots)
    return (p[p > 0] * np.log(p[p > 0] / q[p > 0])).sum()


def search(cost, low, high, spec, octaves):
    """Coordinate descent over shrunk ranges. Refuses data where another candidate is as good but for rounding."""
    fine = [2.0 ** (i / 32) for i in range(-7, 8)]
    medium = [2.0 ** (i / 8) for i in range(-16, 17)]
    coarse = [2.0 ** (-i / 4) for i in range(4 * octaves + 1)]
    passes = [(coarse, True, True), (fine, True, True)]
    if not spec.is_symmetric:
        passes = [(coarse, True, True), (medium, False, True), (medium, True, False)]
    best = (low, high)
    for factors, moves_low, moves_high in passes:
        candidates = {
            (max(best[0] * (f if moves_low else 1), low), min(best[1] * (f if moves_high else 1), high))
            for f in factors
        }
        ranked = sorted((cost(*candidate), candidate) for candidate in candidates)
        if len(ranked) > 1 and ranked[1][0] - ranked[0][0] < 1e-4 * ranked[0][0]:
            raise ValueError(f"two ranges are as good, {ranked[:2]}: take another seed")
        best = ranked[0][1]
    return best


def searched_range(values, spec, cost, octaves, bins=2048, is_weight=False):
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    if is_weight:
        samples, counts = values.astype(np.float64), np.ones(len(values))
    else:
        counts, width = histogram(values, bins)
        samples = (np.arange(2 * bins) + 0.5 - bins) * width
    return search(lambda a, b: cost(samples, counts, a, b, spec), float(low), float(high), spec, octaves)


def reference_range(method, batches, spec, bins):
    """What ONNX Runtime's calibrator finds."""
    collector = HistogramCollector(method, spec.is_symmetric, bins, 2**spec.bits - 1, spec.percentile, "same")
    for batch in batches:
        collector.collect_value({"x": batch.reshape(-1)})
    low, high = collector.compute_collection_result()["x"][:2]
    return [float(low), float(high)]


def activations():
    """Batches of what layers give: one with outliers, one that is not negative, one that leans to one side."""
    rng = np.random.default_rng(20)
    heavy = [rng.standard_t(3, (16, 256)).astype(np.float32) * (1 + i) for i in range(4)]
    rectified = [np.maximum(rng.normal(0, 1 + i, (16, 256)), 0).astype(np.float32) for i in range(4)]
    leaning = [(rng.gamma(2, 1, (16, 256)) - 1).astype(np.float32) for _ in range(4)]
    return {"heavy tails": heavy, "rectified": rectified, "leaning": leaning}


def cases(store):
    specs = [
        Spec(),
        Spec("uint8", "asymmetric"),
        Spec("int4", "asymmetric", 99.0),
        Spec("int4", percentile=99.9),
        Spec("float8_e4m3fn"),
    ]
    for name, batches in activations().items():
        keys = [store.add(torch.from_numpy(batch)) for batch in batches]
        values = np.concatenate([batch.reshape(-1) for batch in batches])
        peak = float(np.abs(values).max())
        for spec in specs:
            common = {"data": name, "batches": keys, "peak": peak, "dtype": spec.dtype, "qscheme": spec.qscheme}
            found = percentile_range(values, spec)
            case = {**common, "range": "percentile", "percentile": spec.percentile, "expected": list(map(float, found))}
            if not spec.is_symmetric:
                case["onnxruntime"] = reference_range("percentile", batches, spec, 8192)
            yield case
            for key, cost, octaves in (("histogram_mse", squared_error, 10), ("entropy", divergence, 5)):
                found = searched_range(values, spec, cost, octaves)
                yield {**common, "range": key, "expected": list(map(float, found))}


def weight_cases(store):
    weight = np.random.default_rng(3).laplace(0, [[0.1], [1], [10]], (3, 512)).astype(np.float32)
    for spec in (Spec("int4"), Spec("uint4", "asymmetric")):
        found = [searched_range(row, spec, squared_error, 10, is_weight=True) for row in weight]
        yield {
            "range": "histogram_mse",
            "weight": store.add(torch.from_numpy(weight)),
            "dtype": spec.dtype,
            "qscheme": spec.qscheme,
            "expected": [list(map(float, bounds)) for bounds in found],
        }


if __name__ == "__main__":
    store = TensorStore()
    size = write_json(
        "ranges",
        onnxruntime=onnxruntime.__version__,
        cases=list(cases(store)),
        weights=list(weight_cases(store)),
    )
    print(f"ranges.json: {size} bytes, ranges.safetensors: {store.write('ranges')} bytes")
