"""Train a logistic regression: right answers, misconceptions and cases of `train_logistic`."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import as_array, as_column, as_tensor, tuple_order

ENTROPY = "lesson.ipynb#Cross-entropy"


training = exercise(
    "train_logistic",
    title="Train a logistic regression",
    points=3,
    difficulty=3,
    minutes=14,
    probe=Call(),
    compare=close(rtol=1e-4, atol=1e-5),
    read="lesson.ipynb#Training",
    returns=("w", "b", "losses"),
    forms=[
        as_tensor(
            "The numbers are right, but your losses are tensors: with .item() they "
            "become floats and let go of what autograd wrote down.",
            of="losses",
        ),
        as_column(
            "The numbers are right, but w is a column of shape (F, 1): return shape (F,), w[:, 0].",
            of="w",
        ),
        as_tensor(
            "The numbers are right, but b is still a tensor: return a float, b.item().", of="b"
        ),
        as_array(
            "The numbers are right, but the losses are a NumPy array: return a list of floats.",
            of="losses",
        ),
        tuple_order(
            (2, 0, 1),
            "All three are right, but in the wrong order: return w, then b, then the losses.",
        ),
    ],
)


def _entropy(z, y):
    return functional.binary_cross_entropy_with_logits(z, y).item()


def _descent(direction, record_after=False):
    """A training loop; `direction` gives the two gradients from x, y, w, b."""

    def train(x, y, learning_rate, steps):
        w, b, losses = torch.zeros(x.shape[1]), 0.0, []
        for _ in range(steps):
            before = _entropy(x @ w + b, y)
            d_w, d_b = direction(x, y, w, b)
            w, b = w - learning_rate * d_w, b - learning_rate * float(d_b)
            losses.append(_entropy(x @ w + b, y) if record_after else before)
        return w, b, losses

    return train


def _right_direction(x, y, w, b):
    surprise = torch.sigmoid(x @ w + b) - y
    return x.T @ surprise / len(y), surprise.mean()


train_logistic = _descent(_right_direction)


training.reference(train_logistic)


@training.alternative
def by_autograd(x, y, learning_rate, steps):
    both, losses = torch.zeros(x.shape[1] + 1, requires_grad=True), []
    for _ in range(steps):
        cost = functional.binary_cross_entropy_with_logits(x @ both[:-1] + both[-1], y)
        (slope,) = torch.autograd.grad(cost, both)
        both.data -= learning_rate * slope
        losses.append(cost.item())
    return both[:-1].detach(), both[-1].item(), losses


@training.alternative
def by_module(x, y, learning_rate, steps):
    layer, losses = torch.nn.Linear(x.shape[1], 1), []
    for parameter in layer.parameters():
        torch.nn.init.zeros_(parameter)
    sgd, criterion = (
        torch.optim.SGD(layer.parameters(), learning_rate),
        torch.nn.BCEWithLogitsLoss(),
    )
    for _ in range(steps):
        sgd.zero_grad()
        cost = criterion(layer(x).squeeze(1), y)
        cost.backward()
        sgd.step()
        losses.append(cost.detach().item())
    return layer.weight[0].detach(), layer.bias.item(), losses


@training.cases
def cases(rng):
    def case(part, rows, columns, rate, steps):
        x = torch.tensor(rng.normal(size=(rows, columns)), dtype=torch.float32) + 0.5
        y = torch.tensor(np.r_[np.ones(rows - rows // 3), np.zeros(rows // 3)], dtype=torch.float32)
        return Case(part, (x, y, rate, steps))

    return [
        case("one step", 6, 2, 0.5, 1),
        case("several steps", 9, 3, 0.8, 5),
        case("another learning rate", 12, 4, 0.1, 8),
    ]


@training.mistake(
    "You moved w, computed the error again, and then moved b: both gradients belong to the same "
    "point, so compute them before either moves."
)
def one_after_the_other(x, y, learning_rate, steps):
    w, b, losses = torch.zeros(x.shape[1]), 0.0, []
    for _ in range(steps):
        losses.append(_entropy(x @ w + b, y))
        w = w - learning_rate * _right_direction(x, y, w, b)[0]
        b = b - learning_rate * float(_right_direction(x, y, w, b)[1])
    return w, b, losses


training.mistake(
    "w and b are right, but your losses are those after each step: the first one asked for is "
    "that of the start, ln 2.",
    name="losses after the step",
)(_descent(_right_direction, record_after=True))


@training.mistake("You made one step more than asked for: range(steps) counts them.")
def one_step_more(x, y, learning_rate, steps):
    return train_logistic(x, y, learning_rate, steps + 1)


@training.mistake("You made a single step: the return stands inside the loop; move it to the left.")
def one_step_only(x, y, learning_rate, steps):
    return train_logistic(x, y, learning_rate, 1)


@training.mistake(
    "These are the steps of Adam, which divides each slope by its size: plain gradient descent is "
    "asked for (torch.optim.SGD, or by hand)."
)
def with_adam(x, y, learning_rate, steps):
    both, losses = torch.zeros(x.shape[1] + 1, requires_grad=True), []
    adam = torch.optim.Adam([both], learning_rate)
    for _ in range(steps):
        adam.zero_grad()
        cost = functional.binary_cross_entropy_with_logits(x @ both[:-1] + both[-1], y)
        cost.backward()
        adam.step()
        losses.append(cost.item())
    return both[:-1].detach(), both[-1].item(), losses


@training.mistake("You took a step after each row: one step looks at the mean over all rows.")
def row_after_row(x, y, learning_rate, steps):
    w, b, losses = torch.zeros(x.shape[1]), 0.0, []
    for _ in range(steps):
        losses.append(_entropy(x @ w + b, y))
        for row, truth in zip(x, y, strict=True):
            surprise = torch.sigmoid(row @ w + b) - truth
            w, b = w - learning_rate * surprise * row, b - learning_rate * surprise.item()
    return w, b, losses


@training.mistake(
    "w and b are right, but your losses are sums over the rows: their mean is asked for."
)
def losses_added_up(x, y, learning_rate, steps):
    w, b, losses = train_logistic(x, y, learning_rate, steps)
    return w, b, [loss * len(y) for loss in losses]


@training.mistake(
    "w and b are right, but the losses are missing: return all three, w, b and losses."
)
def losses_not_returned(x, y, learning_rate, steps):
    return train_logistic(x, y, learning_rate, steps)[:2]


@training.mistake(
    "w and b are right, but you returned one loss: a list is asked for, one loss for each step."
)
def last_loss_only(x, y, learning_rate, steps):
    w, b, losses = train_logistic(x, y, learning_rate, steps)
    return w, b, losses[-1]


@training.mistake(
    "The numbers are right, but b is a tensor of shape (1,): return a float, b.item()."
)
def bias_as_a_tensor(x, y, learning_rate, steps):
    w, b, losses = train_logistic(x, y, learning_rate, steps)
    return w, torch.tensor([b]), losses


@training.mistake(
    "Your training does not start at zero (torch.nn.Linear starts at random): set w and b to 0 "
    "first, so that two runs can be compared."
)
def random_start(x, y, learning_rate, steps):
    generator = torch.Generator().manual_seed(int(1e4 * x.abs().sum()))
    shift = torch.randn(x.shape[1], generator=generator)
    w, b, _ = train_logistic(x, y, learning_rate, steps)
    return w + shift, b, [_entropy(x @ shift, y)] * steps


@training.mistake(
    "The first step is right, and then each step keeps a part of the one before (momentum): plain "
    "gradient descent is asked for, without it."
)
def with_momentum(x, y, learning_rate, steps):
    w, b, losses = torch.zeros(x.shape[1]), 0.0, []
    speed_w, speed_b = torch.zeros(x.shape[1]), 0.0
    for _ in range(steps):
        losses.append(_entropy(x @ w + b, y))
        d_w, d_b = _right_direction(x, y, w, b)
        speed_w, speed_b = 0.9 * speed_w + d_w, 0.9 * speed_b + float(d_b)
        w, b = w - learning_rate * speed_w, b - learning_rate * speed_b
    return w, b, losses


@training.mistake("Your weights start at 1: set w and b to 0 first.")
def start_at_ones(x, y, learning_rate, steps):
    w, b, losses = torch.ones(x.shape[1]), 0.0, []
    for _ in range(steps):
        losses.append(_entropy(x @ w + b, y))
        d_w, d_b = _right_direction(x, y, w, b)
        w, b = w - learning_rate * d_w, b - learning_rate * float(d_b)
    return w, b, losses


def rate_of_their_own(rate):
    return lambda x, y, learning_rate, steps: train_logistic(x, y, rate, steps)


for rate in (0.01, 0.1, 1.0):
    training.mistake(
        f"Your learning rate is always {rate:g}: use the one that is given.",
        name=f"a learning rate of {rate:g}",
    )(rate_of_their_own(rate))


@training.mistake(
    "You made one step less than asked for: range(steps) counts from 0 to steps - 1, which are "
    "that many steps."
)
def one_step_less(x, y, learning_rate, steps):
    return train_logistic(x, y, learning_rate, steps - 1)


@training.mistake(
    "w and b are right, but there is one loss too many, that after the last step: one for each "
    "step is asked for, taken before it."
)
def one_loss_more(x, y, learning_rate, steps):
    w, b, losses = train_logistic(x, y, learning_rate, steps)
    return w, b, [*losses, _entropy(x @ w + b, y)]


@training.mistake(
    "The numbers are right, but w has one entry too many, which is b: return the F weights "
    "without it."
)
def bias_among_the_weights(x, y, learning_rate, steps):
    w, b, losses = train_logistic(x, y, learning_rate, steps)
    return torch.cat([w, torch.tensor([b])]), b, losses


descent = training.group("Descent", make=_descent)


@descent.mistake("Your loss rises: the gradient points uphill, so subtract it.")
def uphill(x, y, w, b):
    d_w, d_b = _right_direction(x, y, w, b)
    return -d_w, -d_b


@descent.mistake(
    "Your steps are as many times too long as there are rows: the loss is a mean, so its gradient "
    "is divided by the number of rows."
)
def sum_instead_of_mean(x, y, w, b):
    d_w, d_b = _right_direction(x, y, w, b)
    return len(y) * d_w, len(y) * d_b


@descent.mistake(
    "Your bias stays 0: it has a gradient too, the mean of p - y, and takes the same kind of step."
)
def bias_not_trained(x, y, w, b):
    return _right_direction(x, y, w, b)[0], 0.0


@descent.mistake(
    "Your weights stay 0 and only the bias moves: they have gradients too, the mean of (p - y) "
    "times x."
)
def weights_not_trained(x, y, w, b):
    return torch.zeros_like(w), _right_direction(x, y, w, b)[1]


@descent.mistake(
    "All your weights move by the same amount: take the mean over the rows only, dim=0, so that "
    "each column has its own gradient."
)
def one_number_for_all_weights(x, y, w, b):
    surprise = torch.sigmoid(x @ w + b) - y
    return (surprise[:, None] * x).mean(), surprise.mean()


further = training.group("Gradients add up", read="lesson.ipynb#Gradients-add-up")


@further.mistake(
    "The first step is right, and then the steps grow: backward() adds to the old gradients, so "
    "clear them in every step."
)
def gradients_not_cleared(x, y, learning_rate, steps):
    w, b, losses = torch.zeros(x.shape[1]), 0.0, []
    total_w, total_b = torch.zeros(x.shape[1]), 0.0
    for _ in range(steps):
        losses.append(_entropy(x @ w + b, y))
        d_w, d_b = _right_direction(x, y, w, b)
        total_w, total_b = total_w + d_w, total_b + float(d_b)
        w, b = w - learning_rate * total_w, b - learning_rate * total_b
    return w, b, losses


entropy = training.group("Cross entropy", read=ENTROPY)


def _squashed_twice(x, y, w, b):
    p = torch.sigmoid(x @ w + b)
    surprise = (torch.sigmoid(p) - y) * p * (1 - p)
    return x.T @ surprise / len(y), surprise.mean()


@entropy.mistake(
    "You took the sigmoid, and then a loss that takes the sigmoid itself: functions named "
    "with_logits want z as it is."
)
def squashed_twice(x, y, learning_rate, steps):
    w, b, losses = torch.zeros(x.shape[1]), 0.0, []
    for _ in range(steps):
        losses.append(_entropy(torch.sigmoid(x @ w + b), y))
        d_w, d_b = _squashed_twice(x, y, w, b)
        w, b = w - learning_rate * d_w, b - learning_rate * float(d_b)
    return w, b, losses


entropy_descent = training.group("Cross entropy: descent", read=ENTROPY, make=_descent)


@entropy_descent.mistake(
    "You compared decisions (0 or 1) with the labels; that is the perceptron's rule. The gradient "
    "of cross-entropy compares the probability with the label."
)
def decided_labels(x, y, w, b):
    surprise = (x @ w + b > 0).float() - y
    return x.T @ surprise / len(y), surprise.mean()


@entropy_descent.mistake(
    "Your gradient has a factor p * (1 - p): that is the slope of squared differences. In "
    "cross-entropy it cancels, and p - y is left."
)
def gradient_of_squares(x, y, w, b):
    p = torch.sigmoid(x @ w + b)
    surprise = 2 * (p - y) * p * (1 - p)
    return x.T @ surprise / len(y), surprise.mean()


@entropy_descent.mistake(
    "You compared the logit with the label, which is linear regression: the sigmoid makes a "
    "probability of it first."
)
def no_sigmoid(x, y, w, b):
    surprise = x @ w + b - y
    return x.T @ surprise / len(y), surprise.mean()


@entropy_descent.mistake(
    "Your steps are twice as long as they should be: the 2 belongs to the mean square; the slope "
    "of cross-entropy is p - y without it."
)
def steps_twice_as_long(x, y, w, b):
    d_w, d_b = _right_direction(x, y, w, b)
    return 2 * d_w, 2 * d_b


training.hints(
    "Predict, compare, step. How did the lesson's training loop do it?",
    "In each step: z = x @ w + b; keep the loss; find both gradients, by autograd or as means of "
    "(p - y) times x and of p - y; move w and b against them.",
    "With autograd: w and b are zeros that require gradients; after backward(), change them under "
    "torch.no_grad() and set their grad to None. Return w.detach(), b.item() and the list of "
    "loss.item() values, each taken before its step.",
)
