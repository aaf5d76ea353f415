"""The lesson's small exercises. They earn no points."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise

dropping = exercise(
    "dropout",
    title="Try it: two blanks",
    points=0,
    difficulty=2,
    minutes=4,
    probe=Call(fresh=True),
    compare=close(),
    read="lesson.ipynb#Dropout",
)


@dropping.reference
def dropout(x, noise, p, training):
    """Return x (…) with values zeroed where noise < p, the others scaled up; x in evaluation.

    noise: float array of the shape of x, uniform in 0…1. p: probability of a zero, 0 <= p < 1.
    """
    if not training:
        return np.array(x)
    return x * (noise >= p) * (1 / (1 - p))


@dropping.cases
def dropout_cases(rng):
    def case(part, shape, p, training):
        noise = rng.random(shape)
        noise[0] = p  # not below p, so it stays
        return Case(part, (rng.normal(size=shape), noise, p, training))

    return [
        case("training", (5, 6), 0.5, True),
        case("training", (3, 4), 0.2, True),
        case("training", (30,), 0.75, True),
        case("training", (2, 3, 2), 0.0, True),
        case("evaluation", (2, 2), 0.5, False),
        case("evaluation", (1,), 0.25, False),
    ]


@dropping.mistake(
    "The values that are left are not scaled up: divide by 1 - p, or the next layer sees smaller "
    "sums in training than in evaluation."
)
def not_scaled_up(right, a):
    return right() * (1 - a.p) if a.training else right()


@dropping.mistake("You divided by p: the fraction that is left is 1 - p.")
def divided_by_p(right, a):
    return right() * (1 - a.p) / a.p if a.training and a.p else right()


@dropping.mistake("You kept the values that should go: a value is kept where noise is at least p.")
def kept_the_others(right, a):
    if not a.training:
        return right()
    return a.x * (a.noise < a.p) / (1 - a.p)


@dropping.mistake("You drop values in evaluation as well: there, x passes unchanged.")
def drops_in_evaluation(right, a):
    return right(training=True)


@dropping.mistake(
    "You scale in evaluation: that is the older form of dropout; here training has scaled already."
)
def scaled_in_evaluation(right, a):
    return right() if a.training else right() * (1 - a.p)


dropping.hints(
    "What fraction of the values is left on average, and what must they be multiplied by?",
    "The fraction 1 - p is left, so divide by it.",
    "def dropout(x, noise, p, training):\n"
    "    if not training:\n"
    "        return x.copy()\n"
    "    kept = noise >= p\n"
    "    return x * kept / (1 - p)",
)


smoothing = exercise(
    "smooth_targets",
    title="Try it: label smoothing",
    points=0,
    difficulty=2,
    minutes=5,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Label-smoothing",
)


@smoothing.reference
def smooth_targets(labels, classes, epsilon):
    """Return targets, float (N, classes): 1 - epsilon on the label, epsilon spread over all.

    labels: whole numbers (N,).
    """
    return (1 - epsilon) * (labels[:, None] == np.arange(classes)) + epsilon / classes


@smoothing.alternative
def by_indexing(labels, classes, epsilon):
    targets = np.full((len(labels), classes), epsilon / classes)
    for row, label in zip(targets, labels, strict=True):
        row[label] += 1 - epsilon
    return targets


@smoothing.cases
def smoothing_cases(rng):
    return [
        Case("ten classes", (rng.permutation(10)[:4], 10, 0.1)),
        Case("other numbers of classes", (np.array([2, 0, 2]), 3, 0.25)),
        Case("other numbers of classes", (rng.integers(0, 2, 5), 2, 0.5)),
        Case("other numbers of classes", (np.array([0]), 1, 0.3)),
        Case("no smoothing", (rng.integers(0, 4, 6), 4, 0.0)),
    ]


@smoothing.mistake(
    "You spread epsilon over the wrong classes only: it is spread over all classes, the right one "
    "included, as in PyTorch."
)
def over_the_others(right, a):
    if a.classes == 1:
        return right()
    hot = right(epsilon=0.0)
    return (1 - a.epsilon) * hot + a.epsilon / (a.classes - 1) * (1 - hot)


@smoothing.mistake("Your rows add up to more than 1: the label's entry gives up epsilon first.")
def nothing_taken_away(right, a):
    return right(epsilon=0.0) + a.epsilon / a.classes


@smoothing.mistake("Each class gets epsilon / classes, not epsilon.")
def not_divided(right, a):
    return (1 - a.epsilon) * right(epsilon=0.0) + a.epsilon


@smoothing.mistake("You did not smooth: the label has 1 - epsilon + epsilon / classes.")
def one_hot(right, a):
    return right(epsilon=0.0)


smoothing.hints(
    "Write the row for one label first: what do its entries add up to?",
    "Start with epsilon / classes everywhere, then add 1 - epsilon at the label.",
    "def smooth_targets(labels, classes, epsilon):\n"
    "    targets = np.full((len(labels), classes), epsilon / classes)\n"
    "    targets[np.arange(len(labels)), labels] += 1 - epsilon\n"
    "    return targets",
)

EXERCISES = [dropping, smoothing]
