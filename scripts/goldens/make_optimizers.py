"""Makes test/goldens/optimizers.json: parameters after each of five steps with given gradients, learning
rates of schedules step by step, and clipped gradients. Parameters and gradients are float32 values, written
exactly; rates are doubles."""

import torch
from case import camel_case
from store import write_json

SIZE, STEPS = 6, 5

OPTIMIZERS = [
    ("SGD", "plain", {"lr": 0.1}),
    ("SGD", "momentum", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", "momentum and dampening", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
    ("SGD", "nesterov", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("SGD", "weight decay", {"lr": 0.1, "weight_decay": 0.05}),
    (
        "SGD",
        "nesterov and weight decay",
        {"lr": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01},
    ),
    ("Adam", "defaults", {"lr": 0.01}),
    ("Adam", "betas and eps", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-4}),
    ("Adam", "weight decay", {"lr": 0.01, "weight_decay": 0.1}),
    ("Adam", "amsgrad", {"lr": 0.05, "amsgrad": True}),
    ("AdamW", "defaults", {"lr": 0.01}),
    ("AdamW", "weight decay 0.2", {"lr": 0.05, "weight_decay": 0.2}),
]

SCHEDULES = [
    ("StepLR", "every 3 steps", {"step_size": 3, "gamma": 0.5}),
    ("StepLR", "every step", {"step_size": 1, "gamma": 0.9}),
    ("CosineAnnealingLR", "to zero", {"T_max": 8}),
    ("CosineAnnealingLR", "to a floor", {"T_max": 10, "eta_min": 0.01}),
    ("OneCycleLR", "cosine", {"max_lr": 0.5, "total_steps": 12}),
    (
        "OneCycleLR",
        "linear",
        {"max_lr": 0.5, "total_steps": 12, "pct_start": 0.25, "anneal_strategy": "linear"},
    ),
    ("OneCycleLR", "factors", {"max_lr": 1, "total_steps": 12, "div_factor": 10, "final_div_factor": 100}),
    ("OneCycleLR", "three phases", {"max_lr": 0.5, "total_steps": 12, "three_phase": True}),
    ("LinearLR", "warm-up", {"start_factor": 0.1, "total_iters": 5}),
    ("LinearLR", "down", {"start_factor": 1.0, "end_factor": 0.2, "total_iters": 4}),
]
BASE_LR, SCHEDULE_STEPS = 0.1, 12

CLIPS = [
    ("above the limit", 1.0, 2.0),
    ("below the limit", 100.0, 2.0),
    ("sum of absolute values", 2.0, 1.0),
    ("largest absolute value", 0.5, float("inf")),
]


def renamed(options):
    special = {"T_max": "tMax", "lr": "lr"}
    return {special.get(key, camel_case(key)): value for key, value in options.items()}


def optimizer_record(kind, name, options):
    generator = torch.Generator().manual_seed(7)
    initial = torch.randn(SIZE, generator=generator)
    gradients = torch.randn(STEPS, SIZE, generator=generator)
    parameter = torch.nn.Parameter(initial.clone())
    optimizer = getattr(torch.optim, kind)([parameter], **options)
    parameters = []
    for gradient in gradients:
        parameter.grad = gradient.clone()
        optimizer.step()
        parameters.append(parameter.tolist())
    return {
        "optimizer": kind,
        "name": name,
        "options": renamed(options),
        "initial": initial.tolist(),
        "gradients": gradients.tolist(),
        "parameters": parameters,
    }


def schedule_record(kind, name, options):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=BASE_LR)
    extra = {"cycle_momentum": False} if kind == "OneCycleLR" else {}
    schedule = getattr(torch.optim.lr_scheduler, kind)(optimizer, **options, **extra)
    rates = []
    for step in range(SCHEDULE_STEPS):
        rates.append(float(schedule.get_last_lr()[0]))
        optimizer.step()
        if step + 1 < SCHEDULE_STEPS:
            schedule.step()
    return {"schedule": kind, "name": name, "baseLr": BASE_LR, "options": renamed(options), "rates": rates}


def clip_record(name, limit, norm_type):
    generator = torch.Generator().manual_seed(11)
    parameters = [torch.nn.Parameter(torch.zeros(shape)) for shape in ((2, 3), (4,))]
    for parameter in parameters:
        parameter.grad = torch.randn(parameter.shape, generator=generator)
    gradients = [parameter.grad.tolist() for parameter in parameters]
    norm = torch.nn.utils.clip_grad_norm_(parameters, limit, norm_type)
    return {
        "name": name,
        "maxNorm": limit,
        "normType": "inf" if norm_type == float("inf") else norm_type,
        "gradients": gradients,
        "totalNorm": norm.item(),
        "clipped": [parameter.grad.tolist() for parameter in parameters],
    }


def main():
    size = write_json(
        "optimizers",
        optimizers=[optimizer_record(*entry) for entry in OPTIMIZERS],
        schedules=[schedule_record(*entry) for entry in SCHEDULES],
        clipGradNorm=[clip_record(*entry) for entry in CLIPS],
    )
    print(f"{size} bytes")


if __name__ == "__main__":
    main()
