"""Judges ONNX files: onnx.checker, and onnxruntime with and without graph optimizations.

Usage: python check_onnx.py FOLDER, which has manifest.json."""

import sys

import onnx
import onnxruntime as ort
from verdicts import difference, expect_equal, judge


def run(path, inputs, level):
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    options.log_severity_level = 3
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    feeds = {each.name: value for each, value in zip(session.get_inputs(), inputs, strict=True)}
    return session.run(None, feeds)


def check(entry, path, inputs, expected):
    onnx.checker.check_model(str(path), full_check=True)
    plain = run(path, inputs, ort.GraphOptimizationLevel.ORT_DISABLE_ALL)
    worst = expect_equal("onnxruntime without optimizations", plain, expected, entry["tolerance"])
    fused = difference(run(path, inputs, ort.GraphOptimizationLevel.ORT_ENABLE_ALL), expected)
    return f"{worst:.1e}, with graph optimizations {fused:.1e}"


if __name__ == "__main__":
    judge(sys.argv[1], check)
