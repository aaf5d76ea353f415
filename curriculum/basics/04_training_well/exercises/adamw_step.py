"""One step of AdamW for a whole network: the exercise `adamw_step`."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import tuple_order

stepping = exercise(
    "adamw_step",
    title="One step of AdamW",
    points=3,
    difficulty=3,
    minutes=12,
    probe=Call(fresh=True),
    compare=close(rtol=1e-6, atol=1e-9),
    read="lesson.ipynb#AdamW",
    returns=("parameters", "means", "squares"),
    forms=[
        tuple_order((1, 2, 0), "You returned the parameters last: they come first."),
    ],
)


@stepping.reference
def adamw_step(
    parameters,
    gradients,
    means,
    squares,
    step,
    learning_rate,
    beta1=0.9,
    beta2=0.999,
    epsilon=1e-8,
    weight_decay=0.01,
):
    """Return (parameters, means, squares), three lists of new arrays, after one step of AdamW.

    parameters, gradients, means, squares: lists of float arrays, equal in shape entry by entry.
    step: the number of this step, from 1. Arrays of fewer than two axes are not decayed.
    Source: Loshchilov and Hutter (2019), algorithm 2, with a schedule multiplier of 1 and the
    decay multiplied by the learning rate, as PyTorch does.
    """
    moved = [], [], []
    lists = zip(parameters, gradients, means, squares, strict=True)
    for value, slope, first, second in lists:
        first = beta1 * first + (1 - beta1) * slope
        second = beta2 * second + (1 - beta2) * slope**2
        direction = _unbiased(first, beta1, step) / (
            np.sqrt(_unbiased(second, beta2, step)) + epsilon
        )
        kept = 1 - learning_rate * weight_decay if np.ndim(value) > 1 else 1
        for result, new in zip(
            moved, (kept * value - learning_rate * direction, first, second), strict=True
        ):
            result.append(new)
    return moved


def _unbiased(average, beta, step):
    """Undo the pull of the start at 0 on a running average after `step` steps."""
    return average / (1 - beta**step)


@stepping.alternative
def with_torch(
    parameters, gradients, means, squares, step, rate,
    beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01,
):  # fmt: skip
    leaves = [torch.nn.Parameter(torch.tensor(p)) for p in parameters]
    groups = [{"params": [p], "weight_decay": weight_decay * (p.ndim >= 2)} for p in leaves]
    native = torch.optim.AdamW(groups, lr=rate, betas=(beta1, beta2), eps=epsilon)
    for p, g, m, s in zip(leaves, gradients, means, squares, strict=True):
        p.grad = torch.tensor(g)
        native.state[p] = {
            "step": torch.tensor(float(step - 1)),
            "exp_avg": torch.tensor(m),
            "exp_avg_sq": torch.tensor(s),
        }
    native.step()
    state = [native.state[p] for p in leaves]
    return (
        [p.detach().numpy() for p in leaves],
        [s["exp_avg"].numpy() for s in state],
        [s["exp_avg_sq"].numpy() for s in state],
    )


def _one_by_one(
    parameters, gradients, means, squares, step, rate,
    beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01, *,
    corrected=(True, True), counted=0, decayed=lambda p: p.ndim > 1, coupled=False,
    inside=False, decay_rate=None, decay_first=True, rooted=True, averaged=True, shared=False,
):  # fmt: skip
    """AdamW, with any of the usual slips."""
    new = [], [], []
    for p, g, m, s in zip(parameters, gradients, means, squares, strict=True):
        decay = weight_decay if decayed(p) else 0.0
        if coupled:
            g = g + decay * p
        m = m * beta1 + g * (1 - beta1)
        own = beta1 if shared else beta2
        s = s * own + g * g * (1 - own)
        m_hat = m / (1 - beta1 ** (step + counted)) if corrected[0] else m
        s_hat = s / (1 - beta2 ** (step + counted)) if corrected[1] else s
        root = np.sqrt(s_hat + epsilon) if inside else np.sqrt(s_hat) + epsilon
        change = rate * (m_hat if averaged else g) / (root if rooted else s_hat + epsilon)
        if not coupled:
            own_rate = rate if decay_rate is None else decay_rate
            change = change + own_rate * decay * (p if decay_first else p - change)
        for values, value in zip(new, (p - change, m, s), strict=True):
            values.append(value)
    return new


@stepping.alternative
def in_one_formula(*args, **kwargs):
    return _one_by_one(*args, **kwargs)


@stepping.cases
def cases(rng):
    def case(part, shapes, step, rate, beta1=0.9, beta2=0.999, epsilon=1e-8, decay=0.01):
        def drawn(scale):
            return [np.array(rng.normal(scale=scale, size=shape)) for shape in shapes]

        means, squares = drawn(0.3), [np.square(values) for values in drawn(0.5)]
        if step == 1:
            means = [np.zeros(shape) for shape in shapes]
            squares = [np.zeros(shape) for shape in shapes]
        lists = drawn(2.0), drawn(0.7), means, squares
        return Case(part, (*lists, step, rate, beta1, beta2, epsilon, decay))

    usual = case("the first step", [(2, 3)], 1, 0.125)
    for gradient in usual.args[1]:
        gradient[0] *= 1e-8  # as small as epsilon
    return [
        Case(usual.part, usual.args[:6]),
        case("the first step", [(3,)], 1, 0.01, epsilon=0.1, decay=0.0),
        case("a later step", [(3, 2)], 2, 0.03, decay=0.5),
        case("a later step", [(4, 1)], 7, 0.5, 0.5, 0.75, 0.05, 0.125),
        case("a later step", [(1, 1)], 40, 1.0, 0.0, 0.9, 1e-3, 0.3),
        case("several parameters", [(3,), (2, 4), (4, 3), (4,)], 3, 0.2, decay=1.0),
        case(
            "several parameters",
            [(2, 1, 3, 2), (1,), (2, 3, 3), (5,)],
            6,
            0.7,
            0.8,
            0.95,
            0.01,
            0.4,
        ),
    ]


def _slipped(**slip):
    def adamw_step(*args, **kwargs):
        return _one_by_one(*args, **kwargs, **slip)

    return adamw_step


ADAM = "lesson.ipynb#RMSProp-and-Adam"
averages = stepping.group("Running averages", read=ADAM, make=lambda slip: _slipped(**slip()))


@averages.mistake(
    "You left the bias correction out: the averages start at 0, so divide them by 1 - beta ** "
    "step before you use them."
)
def no_correction():
    return {"corrected": (False, False)}


@averages.mistake(
    "You corrected the mean, but not the mean square: both averages start at 0, so both are "
    "divided by 1 - beta ** step, each with its own beta."
)
def mean_square_not_corrected():
    return {"corrected": (True, False)}


@averages.mistake(
    "Your correction counts one step too many: step is 1 in the very first call, so the exponent "
    "is step itself."
)
def corrected_one_step_later():
    return {"counted": 1}


@averages.mistake(
    "You added epsilon under the root: it is added after the root is taken, sqrt(v) + epsilon."
)
def epsilon_under_the_root():
    return {"inside": True}


@averages.mistake("You divided by the mean square itself: take its root first.")
def no_root():
    return {"rooted": False}


@averages.mistake(
    "You stepped along the gradient, as RMSProp does: Adam steps along the corrected mean of it."
)
def along_the_gradient():
    return {"averaged": False}


@averages.mistake("Your mean square is averaged with beta1: it has a beta of its own, beta2.")
def one_beta():
    return {"shared": True}


@stepping.mistake(
    "beta1 belongs to the mean and beta2 to the mean square: you swapped them.", read=ADAM
)
def betas_swapped(right, a):
    return right(beta1=a.beta2, beta2=a.beta1)


@stepping.mistake(
    "You returned the corrected averages: the next step needs the averages as they are, and "
    "corrects them with its own number.",
    read=ADAM,
)
def corrected_averages_returned(right, a):
    parameters, means, squares = right()
    return (
        parameters,
        [mean / (1 - a.beta1**a.step) for mean in means],
        [square / (1 - a.beta2**a.step) for square in squares],
    )


decays = stepping.group(
    "Weight decay", read="lesson.ipynb#AdamW", make=lambda slip: _slipped(**slip())
)


@decays.mistake(
    "You decayed all parameters: biases and the scales of normalisation layers, arrays of fewer "
    "than two axes, are left out of the decay."
)
def everything_decayed():
    return {"decayed": lambda p: True}


@decays.mistake(
    "You added weight_decay times the weights to the gradient: that is Adam with L2, where the "
    "decay is divided by the root as well; AdamW shrinks the weights themselves."
)
def l2_in_the_gradient():
    return {"coupled": True}


@decays.mistake(
    "Your decay does not depend on the learning rate: each weight loses the fraction "
    "learning_rate * weight_decay."
)
def decay_without_the_rate():
    return {"decay_rate": 1.0}


@decays.mistake(
    "You decayed matrices alone: arrays of three axes or more, as a convolution's weights are, "
    "decay as well."
)
def matrices_only():
    return {"decayed": lambda p: p.ndim == 2}


@decays.mistake(
    "You did not decay anything: arrays of two axes or more shrink a little in every step."
)
def no_decay():
    return {"decayed": lambda p: False}


@decays.mistake("You shrank the weights after moving them: decay the old weights, as PyTorch does.")
def decayed_after_the_step():
    return {"decay_first": False}


stepping.hints(
    "Write the step for one array first, then loop over the four lists with zip.",
    "For each array: update the mean with the gradient and the mean square with its square; "
    "correct copies of both; move against the corrected mean over the root of the corrected mean "
    "square; shrink the old values first if they have two axes or more.",
    "m = beta1 * m + (1 - beta1) * g, likewise v with g ** 2; m / (1 - beta1 ** step), likewise "
    "v; then p * (1 - learning_rate * weight_decay) - learning_rate * m_hat / (np.sqrt(v_hat) + "
    "epsilon), where the first factor is 1 if p.ndim < 2.",
)
