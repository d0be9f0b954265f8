"""Recipes for the input tensors of golden cases. Each is a function of a seeded generator, so that a case's
data depends on its own name only and never on the cases before it."""

import torch


def normal(*shape, scale=1.0):
    """Normal values; a plain tuple of sizes in a case means the same with scale 1."""
    return lambda generator: torch.randn(shape, generator=generator) * scale


def positive(*shape, low=0.5, high=2.0):
    """Uniform values between two positive bounds."""
    return lambda generator: torch.rand(shape, generator=generator) * (high - low) + low


def away(*shape, kinks=(0.0,), gap=0.1, scale=1.0):
    """Normal values that keep a distance from the points where an op is not differentiable."""

    def make(generator):
        values = torch.randn(shape, generator=generator) * scale
        for kink in kinks:
            offset = values - kink
            side = torch.where(offset < 0, -1.0, 1.0)
            values = torch.where(offset.abs() < gap, kink + side * (gap + offset.abs()), values)
        return values

    return make


def distinct(*shape, low=-2.0, high=2.0):
    """Evenly spaced values in random order: no ties, so extrema and their gradients are unambiguous."""

    def make(generator):
        count = torch.Size(shape).numel()
        order = torch.randperm(count, generator=generator)
        return torch.linspace(low, high, count)[order].reshape(shape)

    return make


def integers(*shape, low=0, high=10):
    """int64 values in [low, high)."""
    return lambda generator: torch.randint(low, high, shape, generator=generator)


def booleans(*shape):
    """Fair coins."""
    return lambda generator: torch.rand(shape, generator=generator) < 0.5


def given(values, dtype=torch.float32):
    """Exactly these values."""
    return lambda generator: torch.tensor(values, dtype=dtype)


def tensor_of(recipe, generator):
    """The tensor, None, or list of tensors that a case's input stands for."""
    if recipe is None:
        return None
    if isinstance(recipe, list):
        return [tensor_of(item, generator) for item in recipe]
    if isinstance(recipe, tuple):
        return normal(*recipe)(generator)
    return recipe(generator)
