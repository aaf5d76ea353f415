"""Weights in the units of the table: right answers, misconceptions and cases of `in_units`."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import in_array, negated, tuple_order

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
        negated(
            "The bias is right, but the weights have the wrong sign: dividing by "
            "std does not change it.",
            of="w_units",
        ),
    ],
)


@units.reference
def in_units(w, b, mean, std):
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
    def case(part, columns, mean, bias):
        w = rng.choice([-1, 1], size=columns) * rng.uniform(0.5, 2.0, size=columns)
        return Case(part, (w, bias, mean, rng.uniform(2.0, 9.0, size=columns)))

    return [
        case("one column", 1, np.array([12.0]), 0.5),
        case("means of 0", 3, np.zeros(3), -1.0),
        case("several columns", 4, rng.uniform(5.0, 30.0, size=4), -1.5),
    ]


@units.mistake(
    "The bias is right, but the weights are multiplied by std: one unit of the table is 1 / std "
    "of a scaled unit, so divide."
)
def multiplied_bias_right(w, b, mean, std):
    return w * std, float(b - (w / std) @ mean)


@units.mistake(
    "You multiplied by std: put (x - mean) / std into w @ x + b and sort; the weights are divided "
    "by it."
)
def multiplied_everywhere(w, b, mean, std):
    return w * std, float(b - (w * std) @ mean)


@units.mistake(
    "The weights are right, but the bias is not: -w * mean / std of every column goes into it."
)
def bias_kept(w, b, mean, std):
    return w / std, float(b)


@units.mistake(
    "The weights are right, but the bias went the wrong way: the mean is subtracted from x, so w "
    "* mean / std is subtracted from b."
)
def bias_moved_up(w, b, mean, std):
    return w / std, float(b + (w / std) @ mean)


@units.mistake(
    "The weights are right, but for the bias you used the scaled weights: the mean is in units, "
    "so use the weights per unit there too."
)
def bias_without_std(w, b, mean, std):
    return w / std, float(b - w @ mean)


@units.mistake(
    "You scaled the weights as if they were data: it is x that is shifted; a weight is only "
    "divided by std."
)
def scaled_like_data(w, b, mean, std):
    return (w - mean) / std, float(b)


@units.mistake(
    "The weights are right, but you have a bias for each column: there is one bias, and it "
    "collects from all columns, so add them up."
)
def a_bias_for_each_column(w, b, mean, std):
    return w / std, b - w * mean / std


@units.mistake(
    "The weights are right, but in the bias mean / std of each column must be multiplied by that "
    "column's weight before it is taken off."
)
def bias_without_weights(w, b, mean, std):
    return w / std, float(b - np.sum(mean / std))


@units.mistake(
    "The weights are right, but you took b into the sum, so it was added once for each column: "
    "sum first, then subtract from b."
)
def bias_in_the_sum(w, b, mean, std):
    return w / std, float(np.sum(b - w * mean / std))


@units.mistake("You divided by std twice: once is enough, x is divided by it once.")
def divided_twice(w, b, mean, std):
    return w / std**2, float(b - (w / std**2) @ mean)


@units.mistake(
    "You turned the scaling of the data back, w * std + mean: weights stand beside x, so they are "
    "divided by std, and the mean goes into the bias."
)
def unscaled_like_data(w, b, mean, std):
    return w * std + mean, float(b)


@units.mistake(
    "The weights are right, but the bias takes off the mean over the columns: every column "
    "contributes in full, so add them up."
)
def mean_over_the_columns(w, b, mean, std):
    return w / std, float(b - (w / std * mean).mean())


@units.mistake(
    "The weights are right, but you divided b by std as well: b was never scaled; only w * mean "
    "is divided."
)
def bias_divided_too(w, b, mean, std):
    return w / std, float(np.sum((b - w * mean) / std))


@units.mistake(
    "The weights are right, but the old bias is lost: start from b, and take the sum off."
)
def bias_lost(w, b, mean, std):
    return w / std, float(-(w / std) @ mean)


@units.mistake(
    "The bias is right, but the weights are still those of the scaled columns: divide them by std."
)
def weights_kept(w, b, mean, std):
    return w, float(b - (w / std) @ mean)


@units.mistake("You divided std by the weights: it is w / std.")
def upside_down(w, b, mean, std):
    return std / w, float(b - (std / w) @ mean)


@units.mistake(
    "The bias is right, but you took the mean off the weights: it is x that is shifted; a weight "
    "is only divided by std."
)
def mean_taken_off_the_weights(w, b, mean, std):
    return (w - mean) / std, float(b - (w / std) @ mean)


def rounded_to(digits):
    def wrong(w, b, mean, std):
        per_unit, bias = in_units(w, b, mean, std)
        return np.round(per_unit, digits), round(bias, digits)

    return wrong


for digits in (1, 2, 3, 4):
    units.mistake(
        "Right, but rounded: a weight per unit may be small and the numbers of its column large, "
        "so each digit counts; return all of them.",
        name=f"rounded to {digits}",
    )(rounded_to(digits))


units.hints(
    "Write the logit of one application with one column: w * (x - mean) / std + b. What stands "
    "beside x? What is left without it?",
    "Multiply out. Beside x stands w / std; without x stand b and - w * mean / std. With several "
    "columns the second part is a sum.",
    "Divide w by std. Then take off from b the sum, over all columns, of that result times mean, "
    "and return it as a float.",
)
