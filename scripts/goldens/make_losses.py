"""Makes test/goldens/losses.json and losses.safetensors: values and gradients of the losses.

Targets and class weights get no gradient here, but for the losses that are symmetric in their arguments."""

import torch
import torch.nn.functional as functional
from case import Case, evaluate
from store import TensorStore, write_json
from values import away, booleans, given, integers, positive

REDUCTIONS = ("mean", "sum", "none")


def constant(tensors, index):
    return tensors[index].detach() if len(tensors) > index and tensors[index] is not None else None


def cross_entropy(name, logits, target, weight=None, reduction="mean", ignore=-100, smoothing=0.0):
    def run(tensors, attrs):
        return functional.cross_entropy(
            tensors[0],
            constant(tensors, 1),
            constant(tensors, 2),
            ignore_index=attrs["ignore_index"],
            reduction=attrs["reduction"],
            label_smoothing=attrs["label_smoothing"],
        )

    attrs = {"reduction": reduction, "ignore_index": ignore, "label_smoothing": smoothing}
    return Case("nn.crossEntropy", name, [logits, target, weight], attrs, run=run)


def nll(name, scores, target, weight=None, reduction="mean", ignore=-100):
    def run(tensors, attrs):
        return functional.nll_loss(tensors[0], constant(tensors, 1), constant(tensors, 2), **attrs)

    attrs = {"reduction": reduction, "ignore_index": ignore}
    return Case("nn.nll", name, [scores, target, weight], attrs, run=run)


def symmetric(op, function, name, inputs, reduction):
    def run(tensors, attrs):
        return function(tensors[0], tensors[1], reduction=attrs["reduction"])

    return Case(op, name, inputs, {"reduction": reduction}, run=run)


def bce_with_logits(name, logits, target, weight=None, pos_weight=None, reduction="mean"):
    def run(tensors, attrs):
        return functional.binary_cross_entropy_with_logits(
            tensors[0],
            *(constant(tensors, index) for index in (1, 2)),
            pos_weight=constant(tensors, 3),
            **attrs,
        )

    return Case(
        "nn.bceWithLogits", name, [logits, target, weight, pos_weight], {"reduction": reduction}, run=run
    )


def kl_div(name, scores, target, reduction="mean", log_target=False):
    def run(tensors, attrs):
        return functional.kl_div(tensors[0], constant(tensors, 1), **attrs)

    return Case(
        "nn.klDiv", name, [scores, target], {"reduction": reduction, "log_target": log_target}, run=run
    )


def log_probabilities(*shape):
    return lambda generator: torch.randn(shape, generator=generator).log_softmax(dim=1)


def probabilities(*shape):
    return lambda generator: torch.randn(shape, generator=generator).softmax(dim=1)


def ones_and_zeros(*shape):
    return lambda generator: booleans(*shape)(generator).float()


LABELS = integers(6, high=5)
IGNORED = given([1, 4, 2, 2, 0, 2], torch.int64)

CROSS_ENTROPIES = [
    *(
        cross_entropy(f"reduction {reduction}", (6, 5), LABELS, reduction=reduction)
        for reduction in REDUCTIONS
    ),
    cross_entropy("label smoothing 0.1", (6, 5), LABELS, smoothing=0.1),
    cross_entropy("label smoothing, sum", (6, 5), LABELS, reduction="sum", smoothing=0.3),
    cross_entropy("ignored labels do not count in the mean", (6, 5), IGNORED, ignore=2),
    cross_entropy("ignored labels with label smoothing", (6, 5), IGNORED, ignore=2, smoothing=0.1),
    cross_entropy("class weights", (6, 5), LABELS, positive(5)),
    cross_entropy("class weights with label smoothing", (6, 5), LABELS, positive(5), smoothing=0.2),
    cross_entropy("a map of labels", (2, 3, 4, 4), integers(2, 4, 4, high=3)),
    cross_entropy("class probabilities", (6, 5), probabilities(6, 5)),
    cross_entropy("class probabilities with label smoothing", (6, 5), probabilities(6, 5), smoothing=0.1),
    cross_entropy(
        "large logits", given([[300.0, -200.0, 5.0], [0.0, 150.0, 149.0]]), given([1, 2], torch.int64)
    ),
]

OTHERS = [
    *(
        nll(f"reduction {reduction}", log_probabilities(6, 5), LABELS, reduction=reduction)
        for reduction in REDUCTIONS
    ),
    nll("ignored labels and class weights", log_probabilities(6, 5), IGNORED, positive(5), ignore=2),
    nll("a map of labels", log_probabilities(2, 3, 4), integers(2, 4, high=3)),
    *(symmetric("nn.mse", functional.mse_loss, f"reduction {r}", [(3, 4), (3, 4)], r) for r in REDUCTIONS),
    *(
        symmetric(
            "nn.l1", functional.l1_loss, f"reduction {r}", [away(3, 4, gap=2.0), given([[0.5] * 4] * 3)], r
        )
        for r in REDUCTIONS
    ),
    *(bce_with_logits(f"reduction {r}", (3, 4), ones_and_zeros(3, 4), reduction=r) for r in REDUCTIONS),
    bce_with_logits("weight and positive weight", (3, 4), ones_and_zeros(3, 4), positive(4), positive(4)),
    bce_with_logits("large logits", given([-200.0, 200.0, -200.0, 200.0]), given([0.0, 1.0, 1.0, 0.0])),
    *(
        kl_div(f"reduction {r}", log_probabilities(3, 4), probabilities(3, 4), reduction=r)
        for r in (*REDUCTIONS, "batchmean")
    ),
    kl_div("logarithmic target", log_probabilities(3, 4), log_probabilities(3, 4), "batchmean", True),
    kl_div(
        "zeros in the target",
        given([[-0.7, -1.2, -1.6], [-1.0, -0.5, -3.0]]),
        given([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]),
    ),
]


def main():
    torch.set_num_threads(1)
    store = TensorStore()
    cases = [evaluate(case, store) for case in CROSS_ENTROPIES + OTHERS]
    size = store.write("losses") + write_json("losses", cases=cases)
    print(f"{len(cases)} cases, {size} bytes")


if __name__ == "__main__":
    main()
