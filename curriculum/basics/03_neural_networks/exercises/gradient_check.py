"""Find the layers whose gradient is wrong: the exercise `gradient_check`."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, exact, exercise
from lepton_course.authoring.wrong_forms import as_array, one_too_many

checking = exercise(
    "gradient_check",
    title="Check a colleague's gradients",
    points=2,
    difficulty=3,
    minutes=10,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Gradient-check",
    forms=[
        as_array(),
        one_too_many("You counted the layers from 1: the first layer is layer 0."),
    ],
)

TOLERANCE = 0.01
STEP = 1e-5


@checking.reference
def gradient_check(x, labels, weights, biases, claimed):
    """Return the numbers of the layers whose claimed d_weight is wrong, ascending, from 0.

    x, labels, weights, biases: as in mlp_gradients; claimed: list of float arrays, one for each
    weight. A claim is wrong where its largest difference from the gradient exceeds 1 % of the
    largest entry of the gradient, taken without its sign.
    """
    wrong = []
    for layer, claim in enumerate(claimed):
        gradient = _by_differences(x, labels, weights, biases, layer)
        if np.abs(claim - gradient).max() > TOLERANCE * np.abs(gradient).max():
            wrong.append(layer)
    return wrong


def _by_differences(x, labels, weights, biases, layer):
    """The gradient of one weight, by central differences."""
    gradient = np.empty(weights[layer].shape)
    for place in np.ndindex(gradient.shape):
        up = _loss(x, labels, _nudged(weights, layer, place, STEP), biases)
        down = _loss(x, labels, _nudged(weights, layer, place, -STEP), biases)
        gradient[place] = (up - down) / (2 * STEP)
    return gradient


def _nudged(weights, layer, place, step):
    """Copies of the weights, one number moved by `step`."""
    copies = [weight.copy() for weight in weights]
    copies[layer][place] += step
    return copies


def _loss(x, labels, weights, biases):
    """Mean cross-entropy of the network: ReLU after each layer but the last."""
    h = x @ weights[0] + biases[0]
    for weight, bias in zip(weights[1:], biases[1:], strict=True):
        h = np.maximum(h, 0) @ weight + bias
    return (np.log(np.exp(h).sum(axis=1)) - h[np.arange(len(x)), labels]).mean()


def exact_gradients(x, labels, weights, biases, gated=True):
    """The gradients of all weights, by backpropagation; through every unit unless gated."""
    inputs = [x]
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        inputs.append(np.maximum(inputs[-1] @ weight + bias, 0))
    logits = inputs[-1] @ weights[-1] + biases[-1]
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    upstream = p / p.sum(axis=1, keepdims=True) - np.eye(logits.shape[1])[labels]
    found = []
    for entered, weight in zip(inputs[::-1], weights[::-1], strict=True):
        found.append(entered.T @ upstream / len(x))
        upstream = upstream @ weight.T * ((entered > 0) | (not gated))
    return found[::-1]


@checking.alternative
def by_backpropagation(x, labels, weights, biases, claimed):
    pairs = zip(claimed, exact_gradients(x, labels, weights, biases), strict=True)
    far = [np.abs(claim - right).max() / np.abs(right).max() for claim, right in pairs]
    return np.flatnonzero(np.array(far) > TOLERANCE).tolist()


def _sign(gradient):
    return -gradient


def _factor(gradient):
    return 1.05 * gradient


def _one_entry(gradient, part=0.06):
    changed = gradient.copy()
    changed[-1, -1] += part * np.abs(gradient).max()
    return changed


def _one_entry_by_a_fifth(gradient):
    return _one_entry(gradient, part=0.2)


def _less_in_one_entry(gradient):
    return _one_entry(gradient, part=-0.06)


def _rounded(gradient):
    """The gradient in steps of a hundredth of its largest absolute value."""
    step = np.abs(gradient).max() / 100
    return np.round(gradient / step) * step


def _least_moved(gradient):
    """The gradient, its entry closest to 0 moved by nearly half a hundredth of the largest."""
    return _moved(gradient, np.abs(gradient) == np.abs(gradient).min())


def _most_moved(gradient):
    return _moved(gradient, np.abs(gradient) == np.abs(gradient).max())


def _all_moved(gradient):
    return _moved(gradient, np.ones(gradient.shape))


def _moved(gradient, where):
    return gradient + 0.0045 * np.abs(gradient).max() * where


def _first_entry(gradient):
    return _one_entry(gradient[::-1, ::-1])[::-1, ::-1]


def _turned(gradient):
    return gradient[::-1, ::-1]


def _largest_are_negative(gradients):
    """Whether the last gradient's largest absolute value is negative, by far."""
    return gradients[-1].max() < -0.4 * gradients[-1].min()


def _sizes(gradients):
    """The first gradient's sizes over the largest one, and whether the largest are positive too."""
    sizes = np.abs(gradients[0]) / np.abs(gradients[0]).max()
    return sizes, gradients[0].max() > 0.6 * np.abs(gradients[0]).max()


def _one_is_small(gradients):
    sizes, has_both_signs = _sizes(gradients)
    return sizes.min() < 0.25 and sizes.mean() > 0.5 and has_both_signs


def _none_is_small(gradients):
    sizes, has_both_signs = _sizes(gradients)
    return sizes.min() > 0.55 and has_both_signs


def _most_are_small(gradients):
    sizes, has_both_signs = _sizes(gradients)
    return sizes.mean() < 0.4 and has_both_signs


def _few_are_large(gradients):
    sizes, has_both_signs = _sizes(gradients)
    return np.linalg.norm(sizes) < 0.38 * np.sqrt(sizes.size) and has_both_signs


def _problem(rng, rows, sizes, scale):
    """Draw (x, labels, weights, biases)."""
    pairs = list(zip(sizes[:-1], sizes[1:], strict=True))
    weights = [rng.normal(size=pair) for pair in pairs]
    biases = [rng.uniform(-0.3, 1, size=m) for _, m in pairs]
    labels = rng.integers(0, sizes[-1], size=rows)
    return scale * rng.normal(size=(rows, sizes[0])), labels, weights, biases


def _is_smooth(x, labels, weights, biases):
    """Whether finite differences are exact enough: no unit near its bend, no gradient near 0."""
    h, nearest = x, np.inf
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        z = h @ weight + bias
        nearest = min(nearest, np.abs(z).min())
        h = np.maximum(z, 0)
    gradients = exact_gradients(x, labels, weights, biases)
    smallest = min(np.abs(gradient).max() for gradient in gradients)
    return nearest > 5e-3 * np.abs(x).max() and smallest > 1e-3 * np.abs(x).max()


@checking.cases
def cases(rng):
    """Return claims; neither an empty list nor a list of all layers earns any part."""

    def case(part, rows, sizes, faults, scale=1.0, wanted=lambda gradients: True):
        problem = _problem(rng, rows, sizes, scale)
        while not (_is_smooth(*problem) and wanted(exact_gradients(*problem))):
            problem = _problem(rng, rows, sizes, scale)
        claimed = [
            faults.get(layer, np.copy)(gradient).astype(np.float32).astype(float)
            for layer, gradient in enumerate(exact_gradients(*problem))
        ]
        return Case(part, (*problem, claimed))

    return [
        case("all layers off, or none", 4, (3, 4, 2), {}),
        case("all layers off, or none", 3, (2, 3), {}),
        case("all layers off, or none", 3, (4, 3, 3), {0: _factor, 1: _turned}),
        case("rounded claims", 4, (4, 6, 3), {0: _rounded, 1: _rounded}),
        case(
            "rounded claims", 1, (3, 5, 6), {0: _sign, 1: _all_moved}, wanted=_largest_are_negative
        ),
        case("rounded claims", 3, (2, 2), {0: _least_moved}, wanted=_one_is_small),
        case("rounded claims", 2, (2, 2), {0: _all_moved}, wanted=_none_is_small),
        case("rounded claims", 3, (4, 3), {0: _most_moved}, wanted=_most_are_small),
        case("rounded claims", 1, (8, 6), {0: _all_moved}, wanted=_few_are_large),
        case("a layer far off", 5, (3, 4, 3), {0: _sign}),
        case("a layer far off", 4, (2, 4, 4, 3), {1: _turned}),
        case("a layer slightly off", 6, (3, 4, 2), {1: _one_entry}),
        case("a layer slightly off", 1, (3, 5, 4, 3), {0: _factor, 2: _one_entry}),
        case("a layer slightly off", 4, (4, 3, 2), {0: _first_entry}),
        case("a layer slightly off", 2, (3, 4, 2), {1: _less_in_one_entry}),
        case("a layer slightly off", 3, (4, 6), {0: _one_entry_by_a_fifth}),
        case("small and large gradients", 4, (3, 4, 3), {0: _factor}, scale=0.003),
        case("small and large gradients", 5, (4, 3), {0: _factor}, scale=0.003),
        case("small and large gradients", 4, (3, 4, 2), {1: _factor}, scale=10.0),
    ]


checking.hints(
    "You need the right gradient to compare with: by finite differences, as in the lesson, or by "
    "your own mlp_gradients.",
    "For each layer, the largest absolute difference between claim and gradient, divided by the "
    "gradient's largest absolute value. Above 0.01 the claim is wrong.",
    "d_weights, _ = mlp_gradients(x, labels, weights, biases). Loop with enumerate(zip(claimed, "
    "d_weights)) and append the layer's number where np.abs(claim - d).max() > 0.01 * "
    "np.abs(d).max().",
)
