"""More mistakes in `membership_attack`, which is declared beside."""

from __future__ import annotations

import numpy as np

from .membership_attack import _rates, attacking

tries = attacking.group("The thresholds")


def _tried(thresholds, right, a):
    """Both numbers, if only these thresholds are tried."""
    tpr = np.array([np.mean(a.member_losses <= t) for t in thresholds])
    fpr = np.array([np.mean(a.other_losses <= t) for t in thresholds])
    return float(max(0.0, (tpr - fpr).max())), float(tpr[fpr <= a.max_fpr].max(initial=0.0))


@tries.mistake(
    "You tried only the others' losses as thresholds: the best threshold is a member's, since "
    "between two members' losses only others can be added."
)
def thresholds_of_others(right, a):
    return _tried(a.other_losses, right, a)


@tries.mistake(
    "Your attack tries one threshold, the members' mean loss: try every loss that occurs."
)
def the_mean_loss(member_losses, other_losses, max_fpr):
    threshold = member_losses.mean()
    caught, accused = (float(np.mean(x <= threshold)) for x in (member_losses, other_losses))
    return caught - accused, caught if accused <= max_fpr else 0.0


@tries.mistake(
    "You tried a grid of thresholds: it steps over losses that lie close together, and misses "
    "those outside. Try every loss that occurs."
)
def a_grid_of_thresholds(right, a):
    both = np.concatenate([a.member_losses, a.other_losses])
    return _tried(np.linspace(0, max(both.max(), 0), 101), right, a)


@tries.mistake(
    "You tried a grid of thresholds: it steps over losses that lie close together. Try every loss "
    "that occurs.",
    name="a grid over the range",
)
def a_grid_over_the_range(right, a):
    both = np.concatenate([a.member_losses, a.other_losses])
    return _tried(np.linspace(both.min(), both.max(), 200), right, a)


@tries.mistake(
    "You tried a grid of thresholds: it steps over losses that lie close together. Try every loss "
    "that occurs.",
    name="a grid of a hundred",
)
def a_grid_of_a_hundred(right, a):
    both = np.concatenate([a.member_losses, a.other_losses])
    return _tried(np.linspace(both.min(), both.max(), 100), right, a)


@tries.mistake(
    "You tried thresholds midway between neighbouring losses, and so none at the largest loss, at "
    "which everybody is called a member: try every loss that occurs."
)
def midways(right, a):
    values = np.unique(np.concatenate([a.member_losses, a.other_losses]))
    middles = (values[1:] + values[:-1]) / 2 if len(values) > 1 else values
    tpr = np.array([np.mean(a.member_losses <= t) for t in middles])
    fpr = np.array([np.mean(a.other_losses <= t) for t in middles])
    return float((tpr - fpr).max()), float(tpr[fpr <= a.max_fpr].max(initial=0.0))


@tries.mistake(
    "Your second number is too small where the best threshold lies on a straight part of the ROC "
    "curve, as when roc_curve of scikit-learn leaves such thresholds out. It keeps them with "
    "drop_intermediate=False."
)
def straight_parts_dropped(right, a):
    tpr, fpr = _rates(a.member_losses, a.other_losses)
    tpr, fpr = np.append(0.0, tpr), np.append(0.0, fpr)
    steps = (
        np.round(np.diff(tpr) * len(a.member_losses)),
        np.round(np.diff(fpr) * len(a.other_losses)),
    )
    bends = np.logical_or(*[np.diff(step) != 0 for step in steps])
    keep = np.concatenate([[True], bends, [True]])
    return right()[0], float(tpr[keep][fpr[keep] <= a.max_fpr].max())


found = attacking.group("The second number")


@found.mistake(
    "Your second number is the rate at the threshold of the best advantage, or 0 if max_fpr does "
    "not allow that one: among all thresholds that it allows, take the one that finds most members."
)
def only_the_best_advantage(right, a):
    tpr, fpr = _rates(a.member_losses, a.other_losses)
    best = int(np.argmax(tpr - fpr))
    return right()[0], float(tpr[best]) if fpr[best] <= a.max_fpr else 0.0


@found.mistake(
    "You looked for the second number only where the advantage grew: a threshold with a smaller "
    "advantage may find more members, as long as max_fpr allows it."
)
def where_the_advantage_grows(right, a):
    tpr, fpr = _rates(a.member_losses, a.other_losses)
    largest = np.maximum.accumulate(np.append(0.0, tpr - fpr))
    is_better = (np.diff(largest) > 0) & (fpr <= a.max_fpr)
    return right()[0], float(tpr[is_better][-1]) if is_better.any() else 0.0


@found.mistake(
    "Your second number is a threshold: return the true-positive rate at it, the fraction of "
    "members that are found."
)
def the_threshold_itself(right, a):
    both = np.concatenate([a.member_losses, a.other_losses])
    allowed = [t for t in both if np.mean(a.other_losses <= t) <= a.max_fpr]
    return right()[0], float(max([0.0, *allowed]))


@found.mistake(
    "You counted people: both rates are fractions, one of the members and one of the others, and "
    "max_fpr is a fraction, too."
)
def people_counted(right, a):
    tpr, fpr = _rates(a.member_losses, a.other_losses)
    called, accused = tpr * len(a.member_losses), fpr * len(a.other_losses)
    members = called[np.round(accused) <= a.max_fpr].max(initial=0.0)
    return float(max(0.0, (called - accused).max())), float(members)


@found.mistake(
    "Your code finds no threshold where even the lowest loss is an other's and max_fpr is too "
    "small for it: try a threshold below all losses, too, at which nobody is called a member."
)
def nothing_allowed_fails(member_losses, other_losses, max_fpr):
    tpr, fpr = _rates(member_losses, other_losses)
    return float((tpr - fpr).max()), float(tpr[fpr <= max_fpr].max())


@found.mistake(
    "You took a quantile of the others' losses as the threshold of your second number: it is "
    "interpolated, and falls short or too far where losses tie or are few. Count over thresholds.",
    name="at or below a quantile",
)
def at_or_below_a_quantile(right, a):
    highest = np.quantile(a.other_losses, a.max_fpr)
    return right()[0], float(np.mean(a.member_losses <= highest))
