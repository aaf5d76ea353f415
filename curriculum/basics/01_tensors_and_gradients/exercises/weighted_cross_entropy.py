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
    def case(part, values, weight):
        z = torch.tensor(values, dtype=torch.float32)
        labels = torch.tensor(np.arange(len(values)) % 2)
        return Case(part, (z, labels, weight))

    small = rng.choice([-1, 1], size=6) * rng.uniform(0.3, 3.0, size=6)
    start = np.append(small, [0.0, 0.0])  # training begins at 0, where a kink would be
    wide = rng.uniform(18, 30, size=4) * [1, -1, -1, 1]
    huge = rng.uniform(150, 900, size=6) * [1, -1, 1, -1, -1, 1]
    return [
        case("weight 1", start, 1.0),
        case("a weight for bad loans", np.append(start, 0.7), float(rng.integers(3, 7))),
        case("logits of 18 and more", wide, 2.0),
        case("logits of 150 and more", huge, 3.0),
    ]


@entropy.mistake("You added over the rows: the loss is their mean.")
def sum_instead_of_mean(z, y, weight):
    return weighted_cross_entropy(z, y, weight) * len(z)


@entropy.mistake("You return a cost for each row: the loss is their mean.")
def a_cost_for_each_row(z, y, weight):
    return torch.where(y == 1, weight, 1.0) * functional.softplus((1 - 2 * y) * z)


@entropy.mistake(
    "Only the bad loans cost something in your loss, so refusing everybody would be free: add (1 "
    "- y) * softplus(z) for the good ones."
)
def bad_loans_only(z, y, weight):
    return (weight * y * functional.softplus(-z)).mean()


@entropy.mistake(
    "You divided by the sum of the weights: divide by the number of rows, so that weight 1 and "
    "weight 5 can be compared."
)
def divided_by_the_weights(z, y, weight):
    return sum_instead_of_mean(z, y, weight) / torch.where(y == 1, weight, 1.0).sum()


@entropy.mistake(
    "The labels are exchanged: y = 1 is a bad loan, and z is the logit of being bad, so a large z "
    "must be cheap where y is 1."
)
def labels_exchanged(z, y, weight):
    return weighted_cross_entropy(z, 1 - y, weight)


@entropy.mistake(
    "You gave the weight to the loans that were paid back: it belongs to the bad ones, where y is "
    "1."
)
def weight_on_the_good(z, y, weight):
    costs = torch.where(y == 1, 1.0, weight)
    return (costs * functional.softplus((1 - 2 * y) * z)).mean()


@entropy.mistake(
    "You multiplied the whole loss by the weight, which changes nothing about who matters more: "
    "multiply the rows where y is 1 only."
)
def weight_on_all(z, y, weight):
    return weight * weighted_cross_entropy(z, y, 1.0)


@entropy.mistake("The weight is not used: multiply the loss of each row with y = 1 by it.")
def no_weight(z, y, weight):
    return weighted_cross_entropy(z, y, 1.0)


@entropy.mistake(
    "You multiplied the logit by the weight, so the model looks surer than it is: weight the loss "
    "of the row instead."
)
def logit_weighted(z, y, weight):
    return weighted_cross_entropy(torch.where(y == 1, weight * z, z), y, 1.0)


@entropy.mistake(
    "You took the sigmoid, and then a function that takes the sigmoid itself: functions named "
    "with_logits or softplus want z as it is."
)
def squashed_twice(z, y, weight):
    return weighted_cross_entropy(torch.sigmoid(z), y, weight)


@entropy.mistake(
    "Your loss is negative: logarithms of probabilities are below 0, and the loss is minus their "
    "mean."
)
def no_minus_sign(z, y, weight):
    return -weighted_cross_entropy(z, y, weight)


@entropy.mistake(
    "You took the square of p - y, which hardly punishes being sure and wrong, and learns slowly "
    "there: cross-entropy takes logarithms."
)
def squared_difference(z, y, weight):
    return (torch.where(y == 1, weight, 1.0) * (torch.sigmoid(z) - y) ** 2).mean()


def tiny_number_in_logarithm(tiny):
    def wrong(z, y, weight):
        p = torch.sigmoid(z)
        return -(weight * y * (p + tiny).log() + (1 - y) * (1 - p + tiny).log()).mean()

    return wrong


for tiny in (1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12):
    entropy.mistake(
        "A tiny number in the logarithm only hides the infinity: costs of 150 and of 900 both "
        "become its logarithm, so the worst mistakes teach nothing: work with the logits.",
        name=f"{tiny:g} in the logarithm",
        read=STABLE,
    )(tiny_number_in_logarithm(tiny))


@entropy.mistake(
    "You subtracted the cost of the good loans from that of the bad ones: the minus sign stands "
    "before both, so the costs are added."
)
def terms_subtracted(z, y, weight):
    return (weight * y * functional.softplus(-z) - (1 - y) * functional.softplus(z)).mean()


@entropy.mistake(
    "Your z has the wrong sign in both terms: for y = 1 the cost is softplus(-z), which is small "
    "where z is large, and for y = 0 softplus(z)."
)
def logit_turned(z, y, weight):
    return weighted_cross_entropy(-z, y, weight)


@entropy.mistake(
    "You took the mean of the bad and the mean of the good loans by themselves: add all costs, "
    "and divide once by the number of all rows."
)
def mean_of_each_class(z, y, weight):
    bad, good = functional.softplus(-z[y == 1]), functional.softplus(z[y == 0])
    return weight * bad.mean() + good.mean()


@entropy.mistake(
    "You gave the good loans 1 - weight, which is negative for a weight above 1: they count once."
)
def rest_of_the_weight(z, y, weight):
    costs = torch.where(y == 1, weight, 1 - weight)
    return (costs * functional.softplus((1 - 2 * y) * z)).mean()


@entropy.mistake(
    "Only the good loans cost something in your loss, so granting everybody would be free: add "
    "weight * y * softplus(-z) for the bad ones."
)
def good_loans_only(z, y, weight):
    return ((1 - y) * functional.softplus(z)).mean()


@entropy.mistake("Your logarithm has the base 2: ln is the natural one, torch.log.")
def in_bits(z, y, weight):
    return weighted_cross_entropy(z, y, weight) / np.log(2)


@entropy.mistake(
    "The value is right, but it stands in a tensor of shape (1,): a mean over all rows has no "
    "axis, shape (); leave keepdim and reshape out."
)
def with_an_axis(z, y, weight):
    return weighted_cross_entropy(z, y, weight).reshape(1)


@entropy.mistake(
    "If the message above speaks of pos_weight: PyTorch's function wants the weight as a tensor, "
    "and it comes as a float."
)
def weight_stays_a_float(z, y, weight):
    return functional.binary_cross_entropy_with_logits(z, y.float(), pos_weight=weight)


stable = entropy.group("Large logits", read=STABLE)


@stable.mistake(
    "Right for small logits, but a sigmoid of 20 is exactly 1 in float32, and the logarithm of 1 "
    "- 1 is minus infinity: write the loss with softplus of the logit."
)
def logarithm_of_a_sigmoid(z, y, weight):
    chance = torch.sigmoid(z)
    return -(weight * y * torch.log(chance) + (1 - y) * torch.log(1 - chance)).mean()


@stable.mistake(
    "Right for small logits, but a sigmoid of 20 is exactly 1 in float32, and the logarithm of 1 "
    "- 1 is minus infinity: write the loss with softplus of the logit."
)
def logarithm_of_a_sigmoid_by_label(z, y, weight):
    chance = torch.sigmoid(z)
    return torch.where(y == 1, -weight * chance.log(), -(1 - chance).log()).mean()


@stable.mistake(
    "binary_cross_entropy wants probabilities, and where the sigmoid has become 1 it cuts the "
    "loss at 100: give the logits to binary_cross_entropy_with_logits."
)
def cross_entropy_of_probabilities(z, y, weight):
    costs = torch.where(y == 1, weight, 1.0)
    return functional.binary_cross_entropy(torch.sigmoid(z), y.float(), weight=costs)


@stable.mistake(
    "Right for small logits, but exp(150) is infinite in float32, and 1 - sigmoid(150) is 0 even "
    "in float64: torch's softplus computes log(1 + exp(z)) without meeting either."
)
def logarithm_of_an_exponential(z, y, weight):
    return (
        weight * y * torch.log(1 + torch.exp(-z)) + (1 - y) * torch.log(1 + torch.exp(z))
    ).mean()


@stable.mistake(
    "Clipping hides the infinity, but a loss of 150 becomes 16 and its gradient 0, so the worst "
    "mistakes teach nothing: work with the logits."
)
def clipped_probabilities(z, y, weight):
    p = torch.sigmoid(z).clamp(1e-7, 1 - 1e-7)
    return -(weight * y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()


@stable.mistake(
    "The value is right, but its slope at z = 0 is not, and training begins there: max(z, 0) and "
    "|z| have a kink at 0, softplus and logaddexp have none."
)
def a_kink_at_0(z, y, weight):
    loss = z.clamp(min=0) - y * z + torch.log1p(torch.exp(-z.abs()))
    return (torch.where(y == 1, weight, 1.0) * loss).mean()


@stable.mistake(
    "Clipping the logits makes a cost of 150 one of 20, and its gradient 0, so the worst mistakes "
    "teach nothing: softplus takes logits of any size."
)
def clipped_logits(z, y, weight):
    return weighted_cross_entropy(z.clamp(-20, 20), y, weight)


@stable.mistake(
    "The value is right, but its slope at z = 0 is not, and training begins there: max(z, 0) and "
    "|z| have a kink at 0, softplus and logaddexp have none."
)
def a_kink_at_0_by_label(z, y, weight):
    signed = (1 - 2 * y) * z
    loss = signed.clamp(min=0) + torch.log1p(torch.exp(-signed.abs()))
    return (torch.where(y == 1, weight, 1.0) * loss).mean()


further = entropy.group("Types and devices", read="lesson.ipynb#Types-and-devices")


@further.mistake(
    "PyTorch's function wants the labels as floats, because they might be probabilities: y.float()."
)
def labels_as_whole_numbers(z, y, weight):
    more = torch.tensor(weight)
    return functional.binary_cross_entropy_with_logits(z, y, pos_weight=more)


derivative = entropy.group(
    "A derivative in three ways", read="lesson.ipynb#A-derivative-in-three-ways"
)


@derivative.mistake(
    "The value is right, but a float knows nothing of where it came from: return the tensor, "
    "without .item() or .detach(), so that the gradient can flow back."
)
def a_plain_number(z, y, weight):
    return weighted_cross_entropy(z, y, weight).item()


@derivative.mistake(
    "The value is right, but it was computed beside autograd (in NumPy, from z.detach(), or under "
    "no_grad): stay with z in torch, so that the gradient can flow back."
)
def cut_off(z, y, weight):
    return weighted_cross_entropy(z.detach(), y, weight)


entropy.hints(
    "Write the loss of one row for y = 1 and for y = 0, each as a softplus. Then bring both "
    "together.",
    "For y = 1 the loss is softplus(-z), for y = 0 it is softplus(z). The weight stands beside "
    "the first. torch.nn.functional.softplus never overflows.",
    "Multiply softplus(-z) by weight and y, softplus(z) by 1 - y, add, and take the mean. Or give "
    "binary_cross_entropy_with_logits what it calls pos_weight, as a tensor.",
)
