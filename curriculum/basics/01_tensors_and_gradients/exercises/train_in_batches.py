"""Repair a colleague's training script: right answers, misconceptions and cases."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import in_array, tuple_order

BATCHES = "lesson.ipynb#The-same-with-PyTorch's-parts"

training = exercise(
    "train_in_batches",
    title="Repair a colleague's training script",
    points=3,
    difficulty=4,
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
        in_array(
            "The numbers are right, but b is an array of shape (1,): return a float, .item().",
            of="b",
        ),
    ],
)


def _entropy(z, y):
    return functional.binary_cross_entropy_with_logits(z, y).item()


def _gradients(x, y, w, b):
    surprise = torch.sigmoid(x @ w + b) - y
    return x.T @ surprise / len(y), surprise.mean()


def _batches(x, y, batch_size):
    for start in range(0, len(y), batch_size):
        yield x[start : start + batch_size], y[start : start + batch_size]


def _per_row(costs, counts):
    """The mean over all rows, of batches with these mean costs and numbers of rows."""
    return float(np.average(costs, weights=counts))


def _descent(gradients, loss=_entropy, summary=_per_row):
    """A training loop.

    gradients: from x, y, w, b, those of w and b. loss: from logits and y. summary: from the
    batches' losses and numbers of rows, the loss of an epoch.
    """

    def train(x, y, learning_rate, batch_size, epochs):
        w = torch.zeros(x.shape[1])
        b = 0.0
        losses = []
        for _epoch in range(epochs):
            costs, counts = [], []
            for some, truth in _batches(x, y, batch_size):
                costs.append(loss(some @ w + b, truth))
                counts.append(len(truth))
                d_w, d_b = gradients(some, truth, w, b)
                w = w - learning_rate * d_w
                b = b - learning_rate * float(d_b)
            losses.append(summary(costs, counts))
        return w, b, losses

    return train


@training.reference
def train_in_batches(x, y, learning_rate, batch_size, epochs):
    """Minibatch gradient descent on the mean cross-entropy, from w = 0 and b = 0, rows in order.

    x: float tensor (N, F). y: float tensor (N,) of zeros and ones. learning_rate: float.
    batch_size, epochs: ints, at least 1. Returns (w, b, losses): a float tensor (F,), a float, and
    a list of `epochs` floats, the mean loss in nats of the N rows, each before its batch's step.
    """
    return _descent(_gradients)(x, y, learning_rate, batch_size, epochs)


def _by_optimizer(loss, clear=True, random=False, late=False):
    """A training loop with torch.nn.Linear. loss: from logits (B, 1) and labels (B,)."""

    def train(x, y, learning_rate, batch_size, epochs):
        layer = torch.nn.Linear(x.size(1), 1)
        for parameter in layer.parameters():
            if not random:
                torch.nn.init.zeros_(parameter)
        method = torch.optim.SGD(layer.parameters(), learning_rate)
        losses = []
        for _epoch in range(epochs):
            costs = []
            for some, truth in _batches(x, y, batch_size):
                if clear:
                    method.zero_grad()
                cost = loss(layer(some), truth)
                cost.backward()
                method.step()
                if late:
                    cost = loss(layer(some), truth)
                costs += [cost.item()] * len(truth)
            losses.append(float(np.mean(costs)))
        return layer.weight[0].detach(), layer.bias.item(), losses

    return train


def _of_logits(z, y):
    return functional.binary_cross_entropy_with_logits(z.squeeze(1), y)


training.alternative(_by_optimizer(_of_logits))


@training.cases
def cases(rng):
    def case(part, rows, columns, rate, batch_size, epochs, spread=1.0):
        x = torch.tensor(spread * rng.normal(size=(rows, columns)), dtype=torch.float32) + 0.5
        bad = np.r_[np.ones(rows - rows // 3), np.zeros(rows // 3)]
        y = torch.tensor(rng.permutation(bad), dtype=torch.float32)
        return Case(part, (x, y, rate, batch_size, epochs))

    whole, several, rest = "one batch", "several batches", "a smaller last batch"
    return [
        case(whole, 6, 2, 0.5, 6, 1),
        case(whole, 5, 3, 0.8, 8, 4),  # a batch size larger than the table
        case(whole, 1, 1, 0.4, 2, 3),
        case(several, 9, 3, 0.8, 3, 5),
        case(several, 4, 1, 0.25, 1, 2),
        case(several, 12, 4, 0.1, 4, 1),
        # Unscaled columns: the logits of the second step are in the hundreds.
        case(several, 12, 3, 1.0, 6, 1, spread=60.0),
        case(rest, 7, 2, 0.3, 3, 3),
        case(rest, 11, 4, 1.2, 8, 2),
        case(rest, 8, 3, 0.6, 5, 1),
    ]


batching = training.group("The batches", read=BATCHES)


@batching.mistake(
    "Your last batch is dropped where batch_size does not divide the number of rows: its rows "
    "count too, so let the last batch be smaller."
)
def last_batch_dropped(right, a):
    rows = len(a.y) // a.batch_size * a.batch_size
    if rows == 0:
        return torch.zeros(a.x.shape[1]), 0.0, [0.0] * a.epochs
    return right(x=a.x[:rows], y=a.y[:rows])


@batching.mistake(
    "Your last batch is dropped where batch_size does not divide the number of rows, and the "
    "sum of the other losses is divided by the number of all rows: let the last batch be "
    "smaller."
)
def last_batch_dropped_from_the_sum(right, a):
    w, b, losses = last_batch_dropped(right, a)
    return w, b, [loss * (len(a.y) // a.batch_size * a.batch_size) / len(a.y) for loss in losses]


@batching.mistake(
    "You take one step for each epoch, with all rows: take one for each batch of batch_size rows."
)
def one_step_for_each_epoch(right, a):
    return right(batch_size=len(a.y))


@batching.mistake(
    "Where the last batch is smaller, its gradient comes out too small: divide by the number "
    "of rows in that batch, not by batch_size."
)
def divided_by_the_batch_size(x, y, learning_rate, batch_size, epochs):
    def too_small(some, truth, w, b):
        return [g * len(truth) / batch_size for g in _gradients(some, truth, w, b)]

    return _descent(too_small)(x, y, learning_rate, batch_size, epochs)


history = training.group("The losses", read=BATCHES)

history.mistake(
    "w and b are right, but your losses are means of the batches' means, in which the rows of a "
    "smaller last batch count for more: weight each batch by its number of rows.",
    name="mean of the means",
)(_descent(_gradients, summary=lambda costs, counts: float(np.mean(costs))))


@history.mistake(
    "w and b are right, but your losses are measured after the epoch: take each row's loss before "
    "the step of its batch."
)
def losses_after_the_epoch(right, a):
    ends = [right(epochs=epoch + 1) for epoch in range(a.epochs)]
    w, b, _ = ends[-1]
    return w, b, [_entropy(a.x @ w + b, a.y) for w, b, _ in ends]


history.mistake(
    "w and b are right, but you take the loss of a batch after its step: take it before.",
    name="losses after the step",
)(_by_optimizer(_of_logits, late=True))

script = training.group("The colleague's mistakes")

script.mistake(
    "You start from the random weights of torch.nn.Linear: here w and b start at 0.",
    name="a random start",
)(_by_optimizer(_of_logits, random=True))

script.mistake(
    "The first step is right, but then the steps grow: backward() adds to the old gradients, "
    "so clear them before each call.",
    name="gradients not cleared",
    read="lesson.ipynb#Gradients-add-up",
)(_by_optimizer(_of_logits, clear=False))

script.mistake(
    "You compared each prediction with every label of its batch: the layer gives (B, 1) and the "
    "labels are (B,), which broadcasts to (B, B); give both the shape (B,).",
    name="every prediction with every label",
    read="lesson.ipynb#What-goes-wrong:-a-model-that-learns-nothing",
)(
    _descent(
        lambda x, y, w, b: _gradients(x, y.mean().expand(len(y)), w, b),
        loss=lambda z, y: _entropy(z, y.mean().expand(len(y))),
    )
)


def logarithm_of_a_sigmoid(z, y):
    chance = torch.sigmoid(z.squeeze(1))
    return -(y * chance.log() + (1 - y) * (1 - chance).log()).mean()


script.mistake(
    "Right for small logits, but where columns are not scaled a sigmoid becomes exactly 0 or 1, "
    "its logarithm infinite and the gradient nan: compute the loss from the logits, with softplus "
    "or a function named with_logits.",
    name="logarithm of a sigmoid",
    read="lesson.ipynb#Large-logits",
)(_by_optimizer(logarithm_of_a_sigmoid))

script.mistake(
    "Right for small logits, but binary_cross_entropy takes probabilities, and where the "
    "sigmoid has become 0 or 1 it caps the loss at 100: give the logits to "
    "binary_cross_entropy_with_logits.",
    name="losses cut off at 100",
    read="lesson.ipynb#Large-logits",
)(
    _by_optimizer(
        lambda z, y: functional.binary_cross_entropy(torch.sigmoid(z.squeeze(1)), y),
    )
)

steps = training.group("The steps")

steps.mistake(
    "You took the sigmoid, and then a loss that applies the sigmoid itself: functions named "
    "with_logits take the logits as they are.",
    name="squashed twice",
    read="lesson.ipynb#Cross-entropy",
)(_by_optimizer(lambda z, y: _of_logits(torch.sigmoid(z), y)))


@steps.mistake(
    "Your gradients are those of the summed loss, so they are B times too large: take the "
    "mean over the rows of the batch."
)
def sum_instead_of_mean(x, y, learning_rate, batch_size, epochs):
    def summed(some, truth, w, b):
        return [g * len(truth) for g in _gradients(some, truth, w, b)]

    return _descent(summed)(x, y, learning_rate, batch_size, epochs)


training.hints(
    "Run the script on a tiny table: three rows, one column, a batch size of two. Print the shape "
    "of everything, and follow one step by hand.",
    "Compare with the contract, line by line: where does it start, which rows does a batch hold, "
    "which shapes meet in the loss, what is in .grad before backward(), what is averaged, what is "
    "returned?",
    "Set weight and bias to 0. Let range(0, len(x), batch_size) give the start of each batch. "
    "Squeeze the layer's output and give it to binary_cross_entropy_with_logits. Clear the "
    "gradients. Add up loss times number of rows, and divide by len(x). Return the weight "
    "detached, with shape (F,), and .item() of the bias.",
)
