"""One golden case: an ATen call with its data, evaluated with values and gradients by PyTorch.

ATen's own schema says which arguments are tensors, what the rest are called and what their defaults are, so
that a case names only what it is about and the written attributes are always complete."""

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from values import tensor_of

#: Arguments that say where and how PyTorch stores a result, not what it is.
STORAGE_ARGUMENTS = {
    "layout", "device", "pin_memory", "memory_format", "non_blocking", "copy", "implicit", "path",
    "cudnn_enable", "cudnn_enabled", "scale_grad_by_freq", "sparse",
}  # fmt: skip


@dataclass
class Case:
    """A call of `aten.<target>` (with its overload, as in "conv2d.padding") on the given inputs. A target
    that begins with "nn." is no ATen op: its `run` says what PyTorch computes."""

    target: str
    name: str
    inputs: list
    attrs: dict = field(default_factory=dict)
    #: Replaces the ATen call where the op here has another form: (tensors, attrs) -> outputs.
    run: Callable | None = None
    #: Attributes as written, where they differ from ATen's (an int that becomes a list, ...).
    written: dict = field(default_factory=dict)
    #: The data holds a point where the op is not differentiable, so finite differences cannot check it.
    nonsmooth: bool = False
    gradient: bool = True
    tolerance: dict | None = None

    @property
    def op(self):
        return self.target if self.target.startswith("nn.") else "aten." + self.target.split(".")[0]


def evaluate(case, store):
    """Runs the case and returns its JSON form, with every tensor kept in the store."""
    generator = torch.Generator().manual_seed(zlib.crc32(f"{case.op} {case.name}".encode()))
    tensors = [tensor_of(recipe, generator) for recipe in case.inputs]
    leaves = flatten(tensors)
    for leaf in leaves:
        if case.gradient and leaf is not None and leaf.is_floating_point():
            leaf.requires_grad_(True)
    attrs = complete_attrs(case)
    outputs = as_list(case.run(tensors, attrs) if case.run else call_aten(case, tensors, attrs))
    grad_outputs = [gradient_of(output, generator) for output in outputs]
    written = {
        "op": case.op,
        "name": case.name,
        "inputs": trimmed([store.add(leaf) for leaf in leaves]),
        "attrs": {camel_case(key): json_value(value) for key, value in {**attrs, **case.written}.items()},
        "outputs": [store.add(output) for output in outputs],
        "gradOutputs": [store.add(gradient) for gradient in grad_outputs],
        "gradInputs": [store.add(gradient) for gradient in gradients(outputs, grad_outputs, leaves)],
    }
    written["gradInputs"] = written["gradInputs"][: len(written["inputs"])]
    if case.nonsmooth:
        written["nonsmooth"] = True
    if case.tolerance:
        written["tolerance"] = case.tolerance
    return written


def schema_of(case):
    name, _, overload = case.target.partition(".")
    return getattr(getattr(torch.ops.aten, name), overload or "default")._schema


def is_tensor_argument(argument):
    return "Tensor" in str(argument.type)


def complete_attrs(case):
    """The case's attributes in schema order, with ATen's defaults for those it does not name."""
    if case.run:
        return dict(case.attrs)
    attrs = {}
    known = set()
    for argument in schema_of(case).arguments:
        if is_tensor_argument(argument):
            continue
        known.add(argument.name)
        if argument.name in case.attrs:
            attrs[argument.name] = case.attrs[argument.name]
        elif argument.name not in STORAGE_ARGUMENTS and not is_absent_dtype(argument):
            attrs[argument.name] = default_of(case, argument)
    unknown = set(case.attrs) - known
    if unknown:
        raise ValueError(f"{case.op} ({case.name}): no such arguments {sorted(unknown)}")
    return attrs


def is_absent_dtype(argument):
    return argument.name == "dtype" and argument.has_default_value() and argument.default_value is None


def default_of(case, argument):
    if not argument.has_default_value():
        raise ValueError(f"{case.op} ({case.name}): argument {argument.name} is missing")
    value = argument.default_value
    # Pooling's "same as the kernel" and its scalar paddings are written out in full.
    if "pool" in case.target and argument.name in ("stride", "padding", "dilation"):
        rank = len(case.attrs["kernel_size"])
        if argument.name == "stride" and not value:
            return case.attrs["kernel_size"]
        return [value] * rank if isinstance(value, int) else value
    return value


def call_aten(case, tensors, attrs):
    name, _, overload = case.target.partition(".")
    function = getattr(getattr(torch.ops.aten, name), overload or "default")
    remaining = list(tensors)
    positional, keywords = [], {}
    for argument in function._schema.arguments:
        if is_tensor_argument(argument):
            value = remaining.pop(0) if remaining else None
        elif argument.name in attrs:
            value = attrs[argument.name]
        elif argument.has_default_value():
            value = argument.default_value
        elif argument.name in STORAGE_ARGUMENTS:
            value = False
        if argument.kwarg_only:
            keywords[argument.name] = value
        else:
            positional.append(value)
    if remaining:
        raise ValueError(f"{case.op} ({case.name}): {len(remaining)} inputs too many")
    return function(*positional, **keywords)


def as_list(outputs):
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def flatten(items):
    return [leaf for item in items for leaf in (flatten(item) if isinstance(item, list) else [item])]


def gradient_of(output, generator):
    if not output.requires_grad:
        return None
    return torch.randn(output.shape, generator=generator).to(output.dtype)


def gradients(outputs, grad_outputs, leaves):
    """The gradient of every input that has one, else None, from all outputs that have one."""
    used = [(output, gradient) for output, gradient in zip(outputs, grad_outputs) if gradient is not None]
    wanted = [leaf for leaf in leaves if leaf is not None and leaf.requires_grad]
    if not used or not wanted:
        return [None] * len(leaves)
    found = iter(torch.autograd.grad([u[0] for u in used], wanted, [u[1] for u in used], allow_unused=True))
    return [next(found) if leaf is not None and leaf.requires_grad else None for leaf in leaves]


def trimmed(keys):
    while keys and keys[-1] is None:
        keys = keys[:-1]
    return keys


def camel_case(name):
    return re.sub(r"_([a-z0-9])", lambda match: match.group(1).upper(), name)


def json_value(value):
    return str(value).removeprefix("torch.") if isinstance(value, torch.dtype) else value
