"""Prints the peak memory of a workload as JSON: rival_memory.py MODEL KIND ITERATIONS.

All are largest resident sizes of the process: baselineBytes after imports and with the float model and its
batch built, preparedBytes when the workload is ready, peakBytes while it ran. The kernel's mark is reset
between the last two where the system allows that (Linux); else `reset` is false, peakBytes holds prepare().
"""

import importlib
import json
import resource
import sys

import torch
from models import batch, build
from workloads import workload


def resident_peak_bytes():
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def reset_peak():
    try:
        with open("/proc/self/clear_refs", "w") as marks:
            marks.write("5")
    except OSError:
        return False
    return True


def main():
    name, kind, iterations = sys.argv[1], sys.argv[2], int(sys.argv[3])
    torch.set_num_threads(2)
    importlib.import_module("coreai_opt.quantization")
    held = build(name), batch(name)
    baseline = resident_peak_bytes()
    del held
    with workload(name, kind) as iteration:
        prepared = resident_peak_bytes()
        reset = reset_peak()
        for _ in range(iterations):
            iteration()
        peak = resident_peak_bytes()
    result = {"baselineBytes": baseline, "preparedBytes": prepared, "peakBytes": peak, "reset": reset}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
