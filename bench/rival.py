"""The rival process of the benchmark: PyTorch eager and coreai-opt, driven by JSON lines.

Each line of standard input is {"id", "cmd", "model", "kind"?, "iterations"?} and is answered by one line. The
command "run" times iterations of a workload (kept until another is asked for, so that a caller may alternate
with its own program), "prepare" times the reference's prepare(): both give {"id", "ms": [one per iteration]}.
"memory" runs rival_memory.py in a fresh process and gives its figures; "versions" names what was measured. A
request that fails gives {"id", "error"}."""

import contextlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import torch
from workloads import prepare, workload

THREADS = 2


class Workloads:
    """The workload that was asked for last; one at a time, so that modes and memory do not mix."""

    def __init__(self):
        self.key = None
        self.iteration = None
        self.stack = contextlib.ExitStack()

    def get(self, name, kind):
        if self.key != (name, kind):
            self.close()
            self.iteration = self.stack.enter_context(workload(name, kind))
            self.key = (name, kind)
        return self.iteration

    def close(self):
        self.stack.close()
        self.key = None
        self.iteration = None


def timed(iteration):
    start = time.perf_counter()
    iteration()
    return (time.perf_counter() - start) * 1000


def peak_memory(name, kind, iterations):
    script = Path(__file__).with_name("rival_memory.py")
    command = [sys.executable, script, name, kind, str(iterations)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return json.loads(done.stdout.splitlines()[-1])


def answer(request, workloads):
    command, name = request["cmd"], request.get("model")
    iterations = request.get("iterations", 1)
    if command == "run":
        iteration = workloads.get(name, request["kind"])
        return {"ms": [timed(iteration) for _ in range(iterations)]}
    if command == "prepare":
        workloads.close()
        return {"ms": [prepare(name)[2] * 1000 for _ in range(iterations)]}
    if command == "memory":
        workloads.close()
        return peak_memory(name, request.get("kind", "qat_step"), iterations)
    if command == "versions":
        packages = ("torch", "torchao", "coreai-opt")
        versions = {package: importlib.metadata.version(package) for package in packages}
        return {"versions": {"python": platform.python_version(), **versions}, "threads": THREADS}
    raise ValueError(f'Cannot answer "{command}": expected run, prepare, memory or versions')


def protocol_stream():
    """Keeps standard output for answers: what libraries print goes to standard error."""
    stream = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return stream


def main():
    output = protocol_stream()
    torch.set_num_threads(THREADS)
    workloads = Workloads()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = answer(request, workloads)
        except Exception as error:
            # Every failure is the caller's to report; the process stays for the next request.
            reply = {"error": f"{type(error).__name__}: {error}"}
        output.write(json.dumps({"id": request["id"], **reply}) + "\n")
        output.flush()


if __name__ == "__main__":
    main()
