"""What the rivals run: each workload is made once (model, mode, optimizer) and then called per iteration."""

import contextlib
import time
import warnings

import torch
from models import batch, build
from torch import nn

warnings.filterwarnings("ignore")

LR, MOMENTUM = 0.01, 0.9
KINDS = (
    "float_forward",
    "calibration_forward",
    "prepared_forward",
    "float_step",
    "qat_step",
    "eager_qat_step",
)


def prepare(name, *, eager=False):
    """The reference's quantizer and prepared model, and the seconds that prepare() took."""
    from coreai_opt.quantization import ExecutionMode, Quantizer, QuantizerConfig

    model = build(name).eval()
    images, _ = batch(name)
    mode = ExecutionMode.EAGER if eager else ExecutionMode.GRAPH
    quantizer = Quantizer(model, QuantizerConfig(execution_mode=mode))
    start = time.perf_counter()
    prepared = quantizer.prepare((images,))
    return quantizer, prepared, time.perf_counter() - start


def forward_of(model, images):
    def run():
        with torch.no_grad():
            model(images)

    return run


def step_of(model, images, labels):
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)

    def run():
        optimizer.zero_grad()
        logits = model(images).flatten(0, labels.dim() - 1)
        loss = nn.functional.cross_entropy(logits, labels.flatten())
        loss.backward()
        optimizer.step()

    return run


@contextlib.contextmanager
def workload(name, kind):
    """Yields the function of one iteration, inside the mode that the kind asks for."""
    images, labels = batch(name)
    if kind == "float_forward":
        yield forward_of(build(name).eval(), images)
    elif kind == "float_step":
        yield step_of(build(name).train(), images, labels)
    elif kind in KINDS:
        quantizer, prepared, _ = prepare(name, eager=kind == "eager_qat_step")
        with contextlib.ExitStack() as modes:
            if kind == "prepared_forward":
                # Ranges have to be known before simulated quantization means anything.
                with quantizer.calibration_mode():
                    forward_of(prepared, images)()
                yield forward_of(prepared, images)
            elif kind == "calibration_forward":
                modes.enter_context(quantizer.calibration_mode())
                yield forward_of(prepared, images)
            else:
                modes.enter_context(quantizer.training_mode())
                yield step_of(prepared, images, labels)
    else:
        raise ValueError(f'Cannot run "{kind}": expected one of {", ".join(KINDS)}')
