"""Train a logistic regression: right answers, misconceptions and cases of `train_logistic`."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import tuple_order

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
        tuple_order(
            (2, 0, 1),
            "All three are right, but in the wrong order: return w, then b, then the losses.",
        ),
    ],
)


def _entropy(z, y):
    return functional.binary_cross_entropy_with_logits(z, y).item()


def _gradients(x, y, w, b):
    surprise = torch.sigmoid(x @ w + b) - y
    return x.T @ surprise / len(y), surprise.mean()


def _descent(gradients, loss=_entropy):
    """A training loop. gradients: from x, y, w, b, those of w and b. loss: from logits and y."""

    def train(x, y, learning_rate, steps):
        w = torch.zeros(x.shape[1])
        b = 0.0
        losses = []
        for _ in range(steps):
            losses.append(loss(x @ w + b, y))
            d_w, d_b = gradients(x, y, w, b)
            w = w - learning_rate * d_w
            b = b - learning_rate * float(d_b)
        return w, b, losses

    return train


@training.reference
def train_logistic(x, y, learning_rate, steps):
    """Gradient descent on the mean cross-entropy of all rows, from w = 0 and b = 0.

    x: float tensor (N, F). y: float tensor (N,) of zeros and ones. learning_rate: float.
    steps: int, at least 1. Returns (w, b, losses): a float tensor (F,), a float, and a list of
    `steps` floats, the loss in nats before each step.
    """
    return _descent(_gradients)(x, y, learning_rate, steps)


def _by_autograd(loss):
    """A training loop that differentiates loss(z, y), with logits z (N,) and labels y (N,)."""

    def train(x, y, learning_rate, steps):
        both = torch.zeros(x.shape[1] + 1, requires_grad=True)
        losses = []
        for _ in range(steps):
            cost = loss(x @ both[:-1] + both[-1], y)
            (slope,) = torch.autograd.grad(cost, both)
            with torch.no_grad():
                both -= learning_rate * slope
            losses.append(cost.item())
        return both[:-1].detach(), both[-1].item(), losses

    return train


training.alternative(_by_autograd(functional.binary_cross_entropy_with_logits))


@training.alternative
def by_module(x, y, learning_rate, steps):
    return _by_optimizer(torch.optim.SGD, x, y, learning_rate, steps)


def _by_optimizer(kind, x, y, learning_rate, steps):
    layer = torch.nn.Linear(x.size(1), 1)
    for parameter in layer.parameters():
        torch.nn.init.zeros_(parameter)
    method = kind(layer.parameters(), learning_rate)
    criterion = torch.nn.BCEWithLogitsLoss()
    losses = []
    for _ in range(steps):
        method.zero_grad()
        cost = criterion(layer(x).squeeze(1), y)
        cost.backward()
        method.step()
        losses.append(cost.detach().item())
    return layer.weight[0].detach(), layer.bias.item(), losses


@training.cases
def cases(rng):
    def case(part, rows, columns, rate, steps, spread=1.0):
        x = torch.tensor(spread * rng.normal(size=(rows, columns)), dtype=torch.float32) + 0.5
        bad = np.r_[np.ones(rows - rows // 3), np.zeros(rows // 3)]
        return Case(part, (x, torch.tensor(rng.permutation(bad), dtype=torch.float32), rate, steps))

    return [
        case("one step", 6, 2, 0.5, 1),
        case("several steps", 9, 3, 0.8, 5),
        case("several steps", 1, 2, 0.3, 3),
        # Unscaled columns: the logits of the second step are in the hundreds.
        case("several steps", 12, 3, 1.0, 2, spread=60.0),
        case("another learning rate", 12, 4, 0.1, 8),
        case("another learning rate", 7, 1, 0.25, 4),
    ]


steps_taken = training.group("Training")


@steps_taken.mistake(
    "You moved w, computed the error again, and then moved b: both gradients belong to the same "
    "point, so compute them before either moves."
)
def one_after_the_other(x, y, learning_rate, steps):
    w = torch.zeros(x.shape[1])
    b = 0.0
    losses = []
    for _ in range(steps):
        losses.append(_entropy(x @ w + b, y))
        w = w - learning_rate * _gradients(x, y, w, b)[0]
        b = b - learning_rate * float(_gradients(x, y, w, b)[1])
    return w, b, losses


@steps_taken.mistake(
    "w and b are right, but your losses are those after each step: take each before its step, so "
    "that the first one is ln 2."
)
def losses_after_the_step(right, a):
    w, b, losses = right()
    return w, b, [*losses[1:], _entropy(a.x @ w + b, a.y)]


@steps_taken.mistake("You made one step more than asked for: range(steps) counts them.")
def one_step_more(right, a):
    return right(steps=a.steps + 1)


@steps_taken.mistake(
    "You stepped with Adam, which divides each gradient by its size: take plain gradient descent "
    "(torch.optim.SGD, or by hand)."
)
def with_adam(x, y, learning_rate, steps):
    return _by_optimizer(torch.optim.Adam, x, y, learning_rate, steps)


def _rate_of_their_own(rate):
    return lambda right, a: right(learning_rate=rate)


for rate in (0.01, 0.1, 1.0):
    steps_taken.mistake(
        f"Your learning rate is always {rate:g}: use the one that is given.",
        name=f"a learning rate of {rate:g}",
    )(_rate_of_their_own(rate))


gradients = training.group("The gradients", make=_descent)


@gradients.mistake("Your loss rises: the gradient points uphill, so subtract it.")
def uphill(x, y, w, b):
    d_w, d_b = _gradients(x, y, w, b)
    return -d_w, -d_b


@gradients.mistake(
    "Your gradients are those of the summed loss, and so N times too large: divide them by the "
    "number of rows."
)
def sum_instead_of_mean(x, y, w, b):
    d_w, d_b = _gradients(x, y, w, b)
    return len(y) * d_w, len(y) * d_b


@gradients.mistake(
    "Your bias stays 0: it has a gradient too, the mean of p - y, and takes the same kind of step."
)
def bias_not_trained(x, y, w, b):
    return _gradients(x, y, w, b)[0], 0.0


@gradients.mistake(
    "All your weights move by the same amount: take the mean over the rows only, dim=0, so that "
    "each column has its own gradient."
)
def one_number_for_all_weights(x, y, w, b):
    surprise = torch.sigmoid(x @ w + b) - y
    return (surprise[:, None] * x).mean(), surprise.mean()


@training.mistake(
    "The first step is right, and then the steps grow: backward() adds to the old gradients, so "
    "clear them in every step.",
    read="lesson.ipynb#Gradients-add-up",
)
def gradients_not_cleared(x, y, learning_rate, steps):
    sums = [torch.zeros(x.shape[1]), torch.zeros(())]

    def added_up(x, y, w, b):
        for position, gradient in enumerate(_gradients(x, y, w, b)):
            sums[position] = sums[position] + gradient
        return sums

    return _descent(added_up)(x, y, learning_rate, steps)


entropy = training.group("Cross-entropy", read=ENTROPY, make=_descent)


@entropy.mistake(
    "Your gradient has a factor p * (1 - p), as that of the squared error has: in cross-entropy it "
    "cancels, and p - y is left."
)
def gradient_of_squares(x, y, w, b):
    p = torch.sigmoid(x @ w + b)
    surprise = 2 * (p - y) * p * (1 - p)
    return x.T @ surprise / len(y), surprise.mean()


@entropy.mistake(
    "You compared the logit with the label, which is linear regression: turn the logit into a "
    "probability first, with the sigmoid."
)
def no_sigmoid(x, y, w, b):
    surprise = x @ w + b - y
    return x.T @ surprise / len(y), surprise.mean()


large_logits = training.group("Large logits", read="lesson.ipynb#Large-logits")


def logarithm_of_a_sigmoid(z, y):
    chance = torch.sigmoid(z)
    return -(y * chance.log() + (1 - y) * (1 - chance).log()).mean()


def cross_entropy_of_probabilities(z, y):
    return functional.binary_cross_entropy(torch.sigmoid(z), y)


large_logits.mistake(
    "Right for small logits, but where columns are not scaled a sigmoid becomes exactly 0 or 1, "
    "its logarithm infinite and the gradient nan: compute the loss from the logits, with softplus "
    "or a function named with_logits.",
    name="logarithm of a sigmoid",
)(_by_autograd(logarithm_of_a_sigmoid))

large_logits.mistake(
    "w and b are right, but where columns are not scaled a sigmoid becomes exactly 0 or 1 and the "
    "loss infinite or nan: compute it from the logits, with softplus or a function named "
    "with_logits.",
    name="logarithm of a sigmoid in the losses",
)(_descent(_gradients, loss=lambda z, y: logarithm_of_a_sigmoid(z, y).item()))

large_logits.mistake(
    "Right for small logits, but binary_cross_entropy takes probabilities, and where the sigmoid "
    "has become 0 or 1 it cuts the loss off at 100: give the logits to "
    "binary_cross_entropy_with_logits.",
    name="losses cut off at 100",
)(_by_autograd(cross_entropy_of_probabilities))

training.mistake(
    "You took the sigmoid, and then a loss that takes the sigmoid itself: functions named "
    "with_logits take the logits as they are.",
    name="squashed twice",
    read=ENTROPY,
)(_by_autograd(lambda z, y: functional.binary_cross_entropy_with_logits(torch.sigmoid(z), y)))


training.hints(
    "Predict, compare, step. How did the lesson's training loop do it?",
    "In each step: z = x @ w + b; keep the loss; find both gradients, by autograd or as means of "
    "(p - y) times x and of p - y; move w and b against them.",
    "With autograd: w and b are zeros that require gradients; after backward(), change them under "
    "torch.no_grad() and set their grad to None. Return w.detach(), b.item() and the list of "
    "loss.item() values, each taken before its step.",
)
