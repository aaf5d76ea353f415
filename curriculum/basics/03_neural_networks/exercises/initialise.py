"""Weights to begin with: the exercise `initialise`."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise

starting = exercise(
    "initialise",
    title="Weights to begin with",
    points=2,
    difficulty=3,
    minutes=10,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Initialisation:-twenty-layers",
)


@starting.reference
def initialise(sizes, slope, seed):
    """Return a list of pairs (weight, bias), one for each layer, first layer first.

    sizes: units from the input to the output, at least two numbers. slope: of the leaky ReLU that
    follows each layer but the last, for negative values; 0 is a ReLU. seed: of one NumPy generator.
    weight: float array (inputs, outputs), normal with variance 2 / ((1 + slope²) · inputs), in the
    last layer 1 / inputs. bias: zeros (outputs,). Source: He and others, ICCV 2015.
    """
    rng = np.random.default_rng(seed)
    gains = [2 / (1 + slope**2)] * (len(sizes) - 2) + [1.0]
    shapes = zip(sizes[:-1], sizes[1:], strict=True)
    return [
        (rng.normal(0, np.sqrt(gain / shape[0]), shape), np.zeros(shape[1]))
        for gain, shape in zip(gains, shapes, strict=True)
    ]


@starting.alternative
def standard_normal_first(sizes, slope, seed):
    draw = np.random.default_rng(seed).standard_normal
    layers = []
    for i in range(1, len(sizes)):
        gain = 1 if i == len(sizes) - 1 else 2 / (1 + slope * slope)
        weight = draw((sizes[i - 1], sizes[i])) * (gain / sizes[i - 1]) ** 0.5
        layers.append((weight, np.zeros(sizes[i])))
    return layers


@starting.cases
def cases(rng):
    def seed():
        return int(rng.integers(2, 1000))

    return [
        Case("ReLU", ([4, 3, 2], 0, 2 * seed())),
        Case("ReLU", ([2, 5, 4, 3], 0.0, 2 * seed() + 1)),
        Case("leaky ReLU", ([3, 4, 6], 0.1, seed())),
        Case("leaky ReLU", ([5, 2, 2, 1], 0.5, 0)),
        Case("leaky ReLU", ([3, 3, 3], 1, 1)),
        Case("a single layer", ([4, 3], 0, seed())),
        Case("a single layer", ([1, 1], 0.25, seed())),
    ]


def _scaled(right, a, factor):
    """The right layers, each weight times factor(layer number, inputs, outputs)."""
    return [(weight * factor(i, *weight.shape), bias) for i, (weight, bias) in enumerate(right())]


variances = starting.group("Variances")


@variances.mistake(
    "You passed the variance where NumPy wants the standard deviation: take the square root."
)
def variance_as_scale(right, a):
    last = len(a.sizes) - 2
    gain = 2 / (1 + a.slope**2)
    return _scaled(right, a, lambda i, n, m: np.sqrt((1 if i == last else gain) / n))


@variances.mistake(
    "You divided by the number of outputs: what counts is how many products one output adds up, "
    "which is the number of inputs."
)
def fan_out(right, a):
    return _scaled(right, a, lambda i, n, m: np.sqrt(n / m))


@variances.mistake(
    "Your last layer has the gain of the hidden ones: no ReLU follows it, so its variance is "
    "1 / inputs."
)
def last_layer_too(right, a):
    last = len(a.sizes) - 2
    gain = 2 / (1 + a.slope**2)
    return _scaled(right, a, lambda i, n, m: np.sqrt(gain) if i == last else 1.0)


@variances.mistake(
    "You ignored the slope: a leaky ReLU lets more through than a ReLU, so the gain is "
    "2 / (1 + slope²)."
)
def slope_ignored(right, a):
    return right(slope=0)


@variances.mistake("The slope is not squared: a variance scales with the square of a factor.")
def slope_not_squared(right, a):
    return right(slope=np.sqrt(a.slope))


@variances.mistake(
    "A hidden layer of yours has variance 1 / inputs (LeCun): the ReLU after it drops half of the "
    "signal's mean square, so it needs the gain."
)
def without_gain(right, a):
    return right(slope=1)


@variances.mistake(
    "You used Xavier's variance, 2 / (inputs + outputs): it does not make up for the half that "
    "a ReLU drops."
)
def xavier(right, a):
    plain = right(slope=1)
    return [(w * np.sqrt(2 * len(w) / sum(w.shape)), bias) for w, bias in plain]


@variances.mistake(
    "You squared 1 + slope: only the slope is squared, so the gain is 2 / (1 + slope²)."
)
def whole_bracket_squared(right, a):
    return right(slope=np.sqrt((1 + a.slope) ** 2 - 1))


drawing = starting.group("Drawing")


@drawing.mistake(
    "You drew each weight in PyTorch's shape and turned it: draw it as (inputs, outputs), so that "
    "the numbers fall where they are asked for."
)
def drawn_and_turned(right, a):
    return [(w.reshape(w.shape[::-1]).T, bias) for w, bias in right()]


@drawing.mistake(
    "Your numbers come from NumPy's old generator (np.random.seed): the statement asks for "
    "np.random.default_rng(seed)."
)
def old_generator(sizes, slope, seed):
    draw = np.random.RandomState(seed).normal
    shapes = list(zip(sizes[:-1], sizes[1:], strict=True))
    gains = [2 / (1 + slope**2)] * (len(shapes) - 1) + [1.0]
    return [
        (draw(0, np.sqrt(gain / n), (n, m)), np.zeros(m))
        for gain, (n, m) in zip(gains, shapes, strict=True)
    ]


@drawing.mistake(
    "You make a new generator for every layer, so all layers get the same random numbers: make it "
    "once, before the loop."
)
def generator_in_the_loop(right, a):
    layers = [
        initialise([n, m, 1] if i < len(a.sizes) - 2 else [n, m], a.slope, a.seed)[0]
        for i, (n, m) in enumerate(zip(a.sizes[:-1], a.sizes[1:], strict=True))
    ]
    return layers


@drawing.mistake(
    "Your weights have shape (outputs, inputs), as in PyTorch: here it is (inputs, outputs)."
)
def torch_layout(right, a):
    return [(weight.T, bias) for weight, bias in right()]


@drawing.mistake(
    "You drew the biases as well: they begin at 0, and only the weights have to differ."
)
def random_biases(sizes, slope, seed):
    rng = np.random.default_rng(seed)
    last = len(sizes) - 2
    layers = []
    for i, (n, m) in enumerate(zip(sizes[:-1], sizes[1:], strict=True)):
        scale = np.sqrt((1 if i == last else 2 / (1 + slope**2)) / n)
        layers.append((rng.normal(0, scale, (n, m)), rng.normal(0, scale, m)))
    return layers


@drawing.mistake("You returned the weights alone: each layer is a pair (weight, bias).")
def weights_only(right, a):
    return [weight for weight, _ in right()]


starting.hints(
    "One output adds up `inputs` products. What variance must each weight have for the sum to have "
    "variance 1, and what does the activation after it take away?",
    "Make one generator before the loop over layers. Hidden layers: variance "
    "2 / ((1 + slope**2) * inputs). The last layer: 1 / inputs. NumPy wants the standard "
    "deviation.",
    "For each pair (inputs, outputs) of neighbours in sizes: weight = rng.normal(0, "
    "sqrt(variance), (inputs, outputs)) and bias = zeros(outputs); the last pair has gain 1.",
)
