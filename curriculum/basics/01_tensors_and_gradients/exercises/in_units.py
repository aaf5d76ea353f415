"""Weights in the units of the table: right answers, misconceptions and cases of `in_units`."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import in_array, rounded, tuple_order

ROUNDED = (
    "Right, but rounded: a weight per unit can be small and the numbers of its column large, "
    "so every digit counts; do not round."
)

units = exercise(
    "in_units",
    title="Weights in the units of the table",
    points=2,
    difficulty=3,
    minutes=8,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#What-the-weights-say",
    returns=("w_units", "b_units"),
    forms=[
        tuple_order(
            (1, 0),
            "Both are right, but in the wrong order: return the weights first, then the bias.",
        ),
        in_array(
            "The numbers are right, but the bias is an array of shape (1,): return a float.",
            of="b_units",
        ),
        rounded(2, ROUNDED),
        rounded(4, ROUNDED),
    ],
)


@units.reference
def in_units(w, b, mean, std):
    """Weights and bias for unscaled rows, with the logits of scaled ones.

    w: float array (F,), a logit per standard deviation. b: float. mean, std: float arrays (F,)
    in the units of the columns, std positive. Returns (w_units, b_units): a float array (F,), a
    logit per unit of each column, and a float.
    """
    per_unit = w / std
    return per_unit, float(b - per_unit @ mean)


@units.alternative
def in_units_from_two_points(w, b, mean, std):
    def logit(x):
        return float(((x - mean) / std) @ w + b)

    nothing = np.zeros(len(w))
    base = logit(nothing)
    return np.array([logit(nothing + unit) - base for unit in np.eye(len(w))]), base


@units.cases
def cases(rng):
    def case(part, mean, bias):
        columns = len(mean)
        w = rng.choice([-1, 1], size=columns) * rng.uniform(0.5, 2.0, size=columns)
        return Case(part, (w, bias, np.array(mean), rng.uniform(0.3, 9.0, size=columns)))

    def means(columns):  # of both signs, and far from 0
        signs = rng.permutation(np.r_[-1, np.ones(columns - 1)])
        return signs * rng.uniform(5.0, 30.0, size=columns)

    return [
        case("one column", [12.0], 0.5),
        case("one column", [-7.5], -2.0),
        case("means of 0", np.zeros(3), -1.0),
        case("several columns", means(4), -1.5),
        case("several columns", means(2), 0.0),
    ]


weights = units.group("The weights")


@weights.mistake(
    "The bias is right, but the weights are multiplied by std: one unit of the table is 1 / std "
    "of a scaled unit, so divide."
)
def multiplied_bias_right(right, a):
    return a.w * a.std, right()[1]


@weights.mistake(
    "You multiplied by std: put (x - mean) / std into w @ x + b and collect what multiplies "
    "x; the weights are divided by std."
)
def multiplied_everywhere(w, b, mean, std):
    return w * std, float(b - (w * std) @ mean)


@weights.mistake(
    "The bias is right, but the weights are still those of the scaled columns: divide them by std."
)
def weights_kept(right, a):
    return a.w, right()[1]


@weights.mistake(
    "You scaled the weights as if they were data: it is x that is shifted; a weight is only "
    "divided by std."
)
def scaled_like_data(w, b, mean, std):
    return (w - mean) / std, float(b)


@weights.mistake(
    "You undid the scaling of data, w * std + mean: weights multiply x, so they are divided "
    "by std, and the mean goes into the bias."
)
def unscaled_like_data(w, b, mean, std):
    return w * std + mean, float(b)


bias = units.group("The bias")


@bias.mistake(
    "The weights are right, but the bias is not: subtract w * mean / std of every column from b."
)
def bias_kept(right, a):
    return right()[0], a.b


@bias.mistake(
    "The weights are right, but the bias moved the wrong way: the mean is subtracted from x, so w "
    "* mean / std is subtracted from b."
)
def bias_moved_up(right, a):
    per_unit, _ = right()
    return per_unit, float(a.b + per_unit @ a.mean)


@bias.mistake(
    "The weights are right, but for the bias you used the scaled weights: the mean is in the "
    "units of the table, so multiply it by the weights per unit."
)
def bias_without_std(right, a):
    return right()[0], float(a.b - a.w @ a.mean)


@bias.mistake(
    "The weights are right, but in the bias mean / std of each column must be multiplied by that "
    "column's weight before it is subtracted."
)
def bias_without_weights(right, a):
    return right()[0], float(a.b - np.sum(a.mean / a.std))


@bias.mistake(
    "The weights are right, but you return a bias for each column: there is one bias, so sum "
    "over the columns."
)
def a_bias_for_each_column(right, a):
    return right()[0], a.b - a.w * a.mean / a.std


@bias.mistake(
    "The weights are right, but b is inside the sum and is added once for each column: sum "
    "first, then subtract from b."
)
def bias_in_the_sum(right, a):
    return right()[0], float(np.sum(a.b - a.w * a.mean / a.std))


@bias.mistake(
    "The weights are right, but for the bias you took a mean over the columns: every column "
    "contributes in full, so sum them."
)
def mean_over_the_columns(right, a):
    per_unit, _ = right()
    return per_unit, float(a.b - (per_unit * a.mean).mean())


@bias.mistake(
    "The weights are right, but you divided b by std as well: b was never scaled; only w * mean "
    "is divided."
)
def bias_divided_too(right, a):
    return right()[0], float(np.sum((a.b - a.w * a.mean) / a.std))


@bias.mistake(
    "The weights are right, but the old bias is lost: start from b, and subtract the sum."
)
def bias_lost(right, a):
    return right(b=0.0)


units.hints(
    "Write the logit of one application with one column: w * (x - mean) / std + b. What "
    "multiplies x? What is left?",
    "Expand it. The factor of x is w / std; the terms without x are b and - w * mean / std. "
    "With several columns, the last term is a sum over them.",
    "Divide w by std. Then subtract from b the sum, over all columns, of that result times mean, "
    "and return it as a float.",
)
