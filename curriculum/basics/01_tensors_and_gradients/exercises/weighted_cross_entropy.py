"""A loss that knows the price of a mistake: right answers, misconceptions and cases.

The learner writes `weighted_cross_entropy`.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from lepton_course.authoring import Case, Gradient, close, exercise

STABLE = "lesson.ipynb#Large-logits"


entropy = exercise(
    "weighted_cross_entropy",
    title="A loss that knows the price of a mistake",
    points=3,
    difficulty=4,
    minutes=12,
    probe=Gradient(),
    compare=close(rtol=1e-4, atol=1e-6),
    read="lesson.ipynb#Cross-entropy",
)


@entropy.reference
def weighted_cross_entropy(z, y, weight):
    """Mean cross-entropy of logits, with the rows where y is 1 counted `weight` times.

    z: float tensor (N,), logits. y: integer tensor (N,) of zeros and ones. weight: positive
    float. Returns a float tensor of shape (), in nats; differentiable in z, finite for any z.
    """
    signs, costs = 1 - 2 * y, torch.where(y == 1, weight, 1.0)
    return (costs * functional.softplus(signs * z)).mean()


@entropy.alternative
def entropy_with_logits(z, y, weight):
    more = torch.tensor(weight)
    return functional.binary_cross_entropy_with_logits(z, y.float(), pos_weight=more)


@entropy.alternative
def entropy_by_log_sigmoid(z, y, weight):
    bad, good = functional.logsigmoid(z), functional.logsigmoid(-z)
    return -(weight * y * bad + (1 - y) * good).mean()


@entropy.cases
def cases(rng):
    def case(part, values, weight, labels=None):
        labels = np.arange(len(values)) % 2 if labels is None else np.array(labels)
        order = rng.permutation(len(values))
        z = torch.tensor(values[order], dtype=torch.float32)
        return Case(part, (z, torch.tensor(labels[order]), weight))

    small = rng.choice([-1, 1], size=6) * rng.uniform(0.3, 3.0, size=6)
    start = np.append(small, [0.0, 0.0])  # training begins at 0, where a kink would be
    wide = rng.uniform(18, 30, size=4) * [1, -1, -1, 1]
    huge = rng.uniform(150, 900, size=6) * [1, -1, 1, -1, -1, 1]
    return [
        case("weight 1", start, 1.0),
        case("a weight for bad loans", np.append(start, 0.7), float(rng.integers(3, 7)) + 0.5),
        case("a weight for bad loans", small[:5], 0.25, labels=[1, 1, 1, 1, 0]),
        case("a weight for bad loans", small[:1], 2.0, labels=[1]),
        case("logits of 18 and more", wide, 2.0),
        case("logits of 150 and more", huge, 3.0),
    ]


weighting = entropy.group("The weight")


@weighting.mistake("The weight is not used: multiply the loss of each row with y = 1 by it.")
def no_weight(right, a):
    return right(weight=1.0)


@weighting.mistake(
    "You multiplied the whole loss by the weight, which does not change how much a bad loan "
    "counts relative to a good one: multiply only the rows where y is 1."
)
def weight_on_all(right, a):
    return a.weight * right(weight=1.0)


@weighting.mistake(
    "You gave the weight to the loans that were paid back: it belongs to the bad ones, where y is "
    "1."
)
def weight_on_the_good(z, y, weight):
    costs = torch.where(y == 1, 1.0, weight)
    return (costs * functional.softplus((1 - 2 * y) * z)).mean()


@weighting.mistake(
    "You divided by the sum of the weights: divide by the number of rows, whatever the weight."
)
def divided_by_the_weights(right, a):
    return right() * len(a.z) / torch.where(a.y == 1, a.weight, 1.0).sum()


@weighting.mistake(
    "You took the mean over the bad and the mean over the good loans separately: add all "
    "costs, and divide once by the total number of rows."
)
def mean_of_each_class(z, y, weight):
    bad, good = functional.softplus(-z[y == 1]), functional.softplus(z[y == 0])
    return weight * bad.mean() + good.mean()


@weighting.mistake(
    "binary_cross_entropy_with_logits takes pos_weight as a tensor, and the weight is a float: "
    "torch.tensor(weight)."
)
def weight_stays_a_float(z, y, weight):
    return functional.binary_cross_entropy_with_logits(z, y.float(), pos_weight=weight)


cross_entropy = entropy.group("Cross-entropy")


@cross_entropy.mistake("You added over the rows: the loss is their mean.")
def sum_instead_of_mean(right, a):
    return right() * len(a.z)


@cross_entropy.mistake("Your loss is negative: logarithms of probabilities are below 0; negate it.")
def no_minus_sign(right, a):
    return -right()


@cross_entropy.mistake(
    "Only the bad loans cost something in your loss, so refusing everybody would be free: add (1 "
    "- y) * softplus(z) for the good ones."
)
def bad_loans_only(z, y, weight):
    return (weight * y * functional.softplus(-z)).mean()


@cross_entropy.mistake(
    "The labels are swapped: y = 1 is a bad loan and z the logit of being bad, so a large z "
    "costs little where y is 1, and the weight belongs to those rows."
)
def labels_exchanged(right, a):
    return right(y=1 - a.y)


@cross_entropy.mistake(
    "Your z has the wrong sign in both terms: for y = 1 the loss is softplus(-z), for y = 0 "
    "softplus(z)."
)
def logit_turned(right, a):
    return right(z=-a.z)


@cross_entropy.mistake(
    "You took the sigmoid, and then a function that expects the logit itself: softplus and "
    "functions named with_logits take z as it is."
)
def squashed_twice(right, a):
    return right(z=torch.sigmoid(a.z))


@cross_entropy.mistake(
    "You took the square of p - y, whose gradient vanishes where the model is sure and wrong: "
    "cross-entropy takes logarithms."
)
def squared_difference(z, y, weight):
    return (torch.where(y == 1, weight, 1.0) * (torch.sigmoid(z) - y) ** 2).mean()


@cross_entropy.mistake(
    "PyTorch's function expects the labels as floats, because they may be probabilities: "
    "y.float().",
    read="lesson.ipynb#Types-and-devices",
)
def labels_as_whole_numbers(z, y, weight):
    more = torch.tensor(weight)
    return functional.binary_cross_entropy_with_logits(z, y, pos_weight=more)


stable = entropy.group("Large logits", read=STABLE)
OF_A_SIGMOID = (
    "Right for small logits, but a sigmoid of 20 is exactly 1 in float32, and the logarithm of 1 "
    "- 1 is minus infinity: write the loss with softplus of the logit."
)


@stable.mistake(OF_A_SIGMOID)
def logarithm_of_a_sigmoid(z, y, weight):
    chance = torch.sigmoid(z)
    return -(weight * y * torch.log(chance) + (1 - y) * torch.log(1 - chance)).mean()


@stable.mistake(OF_A_SIGMOID)
def logarithm_of_a_sigmoid_by_label(z, y, weight):
    chance = torch.sigmoid(z)
    return torch.where(y == 1, -weight * chance.log(), -(1 - chance).log()).mean()


@stable.mistake(
    "binary_cross_entropy takes probabilities, and where the sigmoid has become 1 it caps the "
    "loss at 100: give the logits to binary_cross_entropy_with_logits."
)
def cross_entropy_of_probabilities(z, y, weight):
    costs = torch.where(y == 1, weight, 1.0)
    return functional.binary_cross_entropy(torch.sigmoid(z), y.float(), weight=costs)


@stable.mistake(
    "Right for small logits, but exp(150) is infinite in float32: torch's softplus computes log(1 "
    "+ exp(z)) without overflow."
)
def logarithm_of_an_exponential(z, y, weight):
    bad, good = torch.log(1 + torch.exp(-z)), torch.log(1 + torch.exp(z))
    return (weight * y * bad + (1 - y) * good).mean()


@stable.mistake(
    "Clipping the probabilities hides the infinity, but a loss of 150 becomes 16 and its gradient "
    "0, so the worst mistakes teach nothing: work with the logits."
)
def clipped_probabilities(z, y, weight):
    p = torch.sigmoid(z).clamp(1e-7, 1 - 1e-7)
    return -(weight * y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()


@stable.mistake(
    "Clipping the logits turns a loss of 150 into one of 20, and its gradient into 0, so the "
    "worst mistakes teach nothing: softplus takes logits of any size."
)
def clipped_logits(right, a):
    return right(z=a.z.clamp(-20, 20))


def tiny_number_in_logarithm(tiny):
    def wrong(z, y, weight):
        p = torch.sigmoid(z)
        return -(weight * y * (p + tiny).log() + (1 - y) * (1 - p + tiny).log()).mean()

    return wrong


for tiny in (1e-7, 1e-8, 1e-12):
    stable.mistake(
        "A tiny number in the logarithm only hides the infinity: losses of 150 and of 900 "
        "both become minus its logarithm, so the worst mistakes teach nothing; work with the "
        "logits.",
        name=f"{tiny:g} in the logarithm",
    )(tiny_number_in_logarithm(tiny))


@stable.mistake(
    "The value is right, but its gradient at z = 0 is not, and training begins there: max(z, 0) "
    "and |z| have a kink at 0, softplus and logaddexp have none.",
    read="deeper.ipynb#A-kink-that-autograd-sees",
)
def a_kink_at_0(z, y, weight):
    loss = z.clamp(min=0) - y * z + torch.log1p(torch.exp(-z.abs()))
    return (torch.where(y == 1, weight, 1.0) * loss).mean()


def _kinked_softplus(z):
    return z.clamp(min=0) + torch.log1p(torch.exp(-z.abs()))


@stable.mistake(
    "Every loss is right, but at a logit of exactly 0 its gradient is not: max(z, 0) and |z| have "
    "a kink there, and your softplus is made of both; functional.softplus has none.",
    read="deeper.ipynb#A-kink-that-autograd-sees",
)
def a_kink_in_both_terms(z, y, weight):
    return (weight * y * _kinked_softplus(-z) + (1 - y) * _kinked_softplus(z)).mean()


entropy.hints(
    "Write the loss of one row for y = 1 and for y = 0, each as a softplus. Then combine the two.",
    "For y = 1 the loss is softplus(-z), for y = 0 it is softplus(z). The weight multiplies "
    "the first. torch.nn.functional.softplus never overflows.",
    "Multiply softplus(-z) by weight and y, softplus(z) by 1 - y, add, and take the mean. Or give "
    "binary_cross_entropy_with_logits what it calls pos_weight, as a tensor.",
)
