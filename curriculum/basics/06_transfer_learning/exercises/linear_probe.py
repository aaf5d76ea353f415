"""A linear classifier on frozen features, in closed form: the exercise `linear_probe`."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import tuple_order

probing = exercise(
    "linear_probe",
    title="A linear probe in closed form",
    points=2,
    difficulty=2,
    minutes=10,
    probe=Call(),
    compare=close(rtol=1e-5, atol=1e-7),
    read="lesson.ipynb#Feature-extraction",
    returns=("weight", "bias"),
    forms=[tuple_order((1, 0), "You returned the bias first: the weight comes first.")],
)


@probing.reference
def linear_probe(features, labels, classes, decay):
    """Return (weight, bias), float (D, classes) and (classes,), of a least-squares probe.

    features: float (N, D). labels: whole numbers (N,), 0 <= label < classes. decay: positive.
    Minimises the sum of squared differences of features @ weight + bias from the one-hot labels,
    plus decay times the sum of squared weights; the bias is not decayed.
    """
    targets = np.eye(classes)[labels]
    centre = features.mean(axis=0)
    centred = features - centre
    gram = centred.T @ centred + decay * np.eye(features.shape[1])
    weight = np.linalg.solve(gram, centred.T @ targets)
    return weight, targets.mean(axis=0) - centre @ weight


def _with_a_column_of_ones(features, labels, classes, decay, last):
    """The normal equations of features with a one appended, whose own decay is `last`."""
    rows = np.column_stack([features, np.ones(len(features))])
    targets = (labels[:, None] == np.arange(classes)).astype(float)
    ridge = np.diag([decay] * features.shape[1] + [last])
    both = np.linalg.solve(rows.T @ rows + ridge, rows.T @ targets)
    return both[:-1], both[-1]


@probing.alternative
def with_ones(features, labels, classes, decay):
    return _with_a_column_of_ones(features, labels, classes, decay, 0.0)


@probing.alternative
def with_lstsq(features, labels, classes, decay):
    """Least squares on rows that hold the decay."""
    width = features.shape[1]
    targets = np.zeros((len(labels), classes))
    targets[np.arange(len(labels)), labels] = 1.0
    shift, level = features.mean(axis=0), targets.mean(axis=0)
    rows = np.concatenate([features - shift, np.sqrt(decay) * np.eye(width)])
    goal = np.concatenate([targets - level, np.zeros((width, classes))])
    weight = np.linalg.lstsq(rows, goal, rcond=None)[0]
    return weight, level - shift @ weight


@probing.cases
def cases(rng):
    def case(part, number, width, classes, decay, used=None):
        labels = rng.integers(0, used or classes, number)
        centres = rng.normal(scale=2, size=(classes, width))
        features = centres[labels] + rng.normal(size=(number, width)) + rng.normal(size=width)
        return Case(part, (features, labels, classes, decay))

    return [
        case("more photos than features", 30, 3, 4, 1.0),
        case("more photos than features", 25, 1, 3, 0.25),
        case("more photos than features", 16, 4, 2, 20.0),
        case("fewer photos than features", 6, 9, 3, 0.5),
        case("fewer photos than features", 5, 12, 2, 3.0),
        case("a class without photos", 12, 3, 5, 0.75, used=3),
        case("a class without photos", 1, 2, 2, 1.5, used=1),
        case("a class without photos", 7, 2, 1, 2.5),
    ]


fitting = probing.group("What is minimised")


@fitting.mistake(
    "Your bias is decayed like a weight: leave it undecayed. Centre the features, or give the "
    "column of ones no decay."
)
def bias_decayed(features, labels, classes, decay):
    return _with_a_column_of_ones(features, labels, classes, decay, decay)


@fitting.mistake("Your probe has no bias: without one, its output is 0 where all features are 0.")
def no_bias(features, labels, classes, decay):
    targets = np.eye(classes)[labels]
    gram = features.T @ features + decay * np.eye(features.shape[1])
    return np.linalg.solve(gram, features.T @ targets), np.zeros(classes)


@fitting.mistake(
    "You fitted the weight without centring the features and added the bias afterwards: minimise "
    "over both together."
)
def not_centred(features, labels, classes, decay):
    targets = np.eye(classes)[labels]
    gram = features.T @ features + decay * np.eye(features.shape[1])
    weight = np.linalg.solve(gram, features.T @ targets)
    return weight, targets.mean(axis=0) - features.mean(axis=0) @ weight


@fitting.mistake(
    "You left out the decay, or nearly: add decay times the identity to the matrix you solve with."
)
def no_decay(right, a):
    return right(decay=1e-9)


@fitting.mistake(
    "Your decay is N times too large: the squared differences are summed, not averaged, so add "
    "decay itself to the diagonal."
)
def mean_of_the_squares(right, a):
    return right(decay=a.decay * len(a.features))


@fitting.mistake("You squared the decay: add decay itself to the diagonal.")
def decay_squared(right, a):
    return right(decay=a.decay**2)


@fitting.mistake(
    "You divided the features by their standard deviations, so the decay acts on different "
    "weights. Use the features as they are."
)
def standardised(right, a):
    spread = a.features.std(axis=0) + 1e-12
    if len(a.features) == 1:
        spread = np.ones_like(spread)
    weight, bias = right(features=a.features / spread)
    return weight / spread[:, None], bias


@fitting.mistake(
    "You added the decay to every entry of the matrix: add it to the diagonal, decay * np.eye(D)."
)
def decay_in_every_entry(features, labels, classes, decay):
    targets = np.eye(classes)[labels]
    rows = features - features.mean(axis=0)
    weight = np.linalg.pinv(rows.T @ rows + decay) @ rows.T @ targets
    return weight, targets.mean(axis=0) - features.mean(axis=0) @ weight


@fitting.mistake("You halved the decay: the sum has no factor 1/2, so add decay itself.")
def decay_halved(right, a):
    return right(decay=a.decay / 2)


@fitting.mistake(
    "You subtracted from each photo the mean of its features: subtract from each feature its mean "
    "over the photos, axis 0."
)
def centred_by_photo(features, labels, classes, decay):
    targets = np.eye(classes)[labels]
    rows = features - features.mean(axis=1, keepdims=True)
    gram = rows.T @ rows + decay * np.eye(features.shape[1])
    weight = np.linalg.solve(gram, rows.T @ targets)
    return weight, targets.mean(axis=0) - features.mean(axis=0) @ weight


form = probing.group("Targets and form")


@form.mistake("You fitted targets of -1 and 1: one-hot targets are 0 and 1.")
def plus_and_minus_one(right, a):
    weight, bias = right()
    return 2 * weight, 2 * bias - 1


@form.mistake("Your weight is (classes, D), as in nn.Linear: the statement asks for (D, classes).")
def weight_transposed(right, a):
    weight, bias = right()
    return weight.T.copy(), bias


@form.mistake(
    "Your bias is the mean of the targets, which is right only for centred features. For the "
    "features as they are, subtract mean @ weight."
)
def bias_of_centred_features(right, a):
    return right()[0], np.eye(a.classes)[a.labels].mean(axis=0)


@form.mistake("You added mean @ weight to the mean of the targets: subtract it.")
def bias_with_the_wrong_sign(right, a):
    weight, bias = right()
    return weight, bias + 2 * a.features.mean(axis=0) @ weight


@form.mistake(
    "Your weight is right and your bias is 0: the mean features must give the mean target."
)
def bias_left_at_0(right, a):
    weight, bias = right()
    return weight, np.zeros_like(bias)


@form.mistake(
    "You made a column for each label that occurs: make one for each of the `classes`, even "
    "those without a photo."
)
def columns_that_occur(right, a):
    weight, bias = right()
    present = np.unique(a.labels)
    return weight[:, present], bias[present]


probing.hints(
    "Write the shape beside each product: X is (N, D), T is (N, classes). The three steps are "
    "those of ridge regression.",
    "Targets: np.eye(classes)[labels]. Subtract the mean of the features, solve (Xᵀ X + decay I) W "
    "= Xᵀ T, then choose the bias that maps the mean of the features to the mean of the targets.",
    "c = features.mean(axis=0); X = features - c; W = np.linalg.solve(X.T @ X + decay * "
    "np.eye(D), X.T @ T); b = T.mean(axis=0) - c @ W.",
)
