"""How much a model's losses give away: the exercise `membership_attack`."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import in_percent, only_value, tuple_order

attacking = exercise(
    "membership_attack",
    title="Attack a model by its losses",
    points=3,
    difficulty=3,
    minutes=12,
    probe=Call(),
    compare=close(rtol=1e-6, atol=1e-9),
    read="lesson.ipynb#Membership-inference",
    returns=("advantage", "found"),
    forms=[
        tuple_order((1, 0), "You swapped the two numbers: the advantage comes first."),
        only_value(0, "You returned the advantage alone: return (advantage, found)."),
        in_percent(),
    ],
)


@attacking.reference
def membership_attack(member_losses, other_losses, max_fpr):
    """Return (advantage, found), two floats, of the attack that calls low losses members.

    member_losses: float array (M,); other_losses: float array (N,); M and N at least 1.
    max_fpr: from 0 to 1, the fraction of others that may be called members.
    """
    tpr, fpr = _rates(member_losses, other_losses)
    return float(max(0.0, (tpr - fpr).max())), float(tpr[fpr <= max_fpr].max(initial=0.0))


def _rates(members, others, side="right"):
    """TPR and FPR (T,) of `loss <= threshold` for each loss that occurs as threshold."""
    thresholds = np.unique(np.concatenate([members, others]))
    caught = np.searchsorted(np.sort(members), thresholds, side=side) / len(members)
    accused = np.searchsorted(np.sort(others), thresholds, side=side) / len(others)
    return caught, accused


@attacking.alternative
def threshold_by_threshold(member_losses, other_losses, max_fpr):
    advantage = found = 0.0
    for threshold in [*member_losses, *other_losses]:
        caught = np.mean(np.asarray(member_losses) <= threshold)
        accused = np.mean(np.asarray(other_losses) <= threshold)
        advantage = max(advantage, float(caught - accused))
        if accused <= max_fpr:
            found = max(found, float(caught))
    return advantage, found


@attacking.cases
def cases(rng):
    def case(part, members, others, gap, max_fpr, digits=6, spread=1.0, offset=0.0):
        low = np.round(rng.gamma(2.0, 0.5, members) - offset, digits)
        high = np.round(spread * rng.gamma(2.0, 0.5, others) + gap - offset, digits)
        return Case(part, (low, high, max_fpr))

    apart = case("one of each", 1, 1, 9.0, 0.0)
    reversed_order = Case("one of each", (apart.args[1], apart.args[0], 1.0))
    equal = Case("one of each", (np.array([0.5]), np.array([0.5]), 0.5))

    def in_step(levels, of_each, max_fpr):
        """As many members as others at each loss, and one member below: a straight ROC."""
        values = np.round(np.cumsum(rng.uniform(0.1, 0.5, levels + 1)), 3)
        others = np.repeat(values[1:], of_each)
        return Case("equal losses", (np.append(others, values[0]), others, max_fpr))

    return [
        case("losses that all differ", 40, 25, 0.4, 0.1),
        case("losses that all differ", 7, 60, 0.8, 0.25, spread=0.5, offset=1.0),
        case("losses that all differ", 30, 33, 0.1, 0.0, spread=2.0),
        case("losses that all differ", 150, 300, 0.3, 0.01),
        case("losses that all differ", 300, 5, 0.2, 0.3),
        in_step(5, 2, 0.5),
        in_step(6, 1, 0.7),
        case("equal losses", 30, 24, 0.2, 0.125, digits=1),
        case("equal losses", 16, 20, 0.3, 0.05, digits=0),
        case("equal losses", 50, 40, 0.2, 0.6, digits=1, spread=0.8, offset=0.9),
        case("others have lower losses", 12, 15, -2.5, 0.2, spread=0.3),
        case("others have lower losses", 20, 30, -0.8, 1.0),
        apart,
        reversed_order,
        equal,
    ]


@attacking.mistake(
    "Your attack calls high losses members: a model has seen its members, so theirs are low."
)
def high_losses(right, a):
    return right(member_losses=-a.member_losses, other_losses=-a.other_losses)


@attacking.mistake(
    "You swapped members and others: the attack finds members, and accuses others wrongly."
)
def swapped(right, a):
    return right(member_losses=a.other_losses, other_losses=a.member_losses)


ties = attacking.group("Equal losses")


@ties.mistake(
    "Your attack takes only losses below the threshold: one equal to it is called a member, too."
)
def strictly_below(member_losses, other_losses, max_fpr):
    tpr, fpr = _rates(member_losses, other_losses, side="left")
    return float(max(0.0, (tpr - fpr).max())), float(tpr[fpr <= max_fpr].max(initial=0.0))


@ties.mistake(
    "You sorted all losses and stepped from one to the next, so that equal losses fell on both "
    "sides of a threshold: an attacker cannot tell them apart. Move past all equal ones at once."
)
def equal_losses_parted(member_losses, other_losses, max_fpr):
    losses = np.concatenate([member_losses, other_losses])
    is_member = np.repeat([True, False], [len(member_losses), len(other_losses)])
    order = np.argsort(losses, kind="stable")  # members first where losses are equal
    tpr = np.cumsum(is_member[order]) / len(member_losses)
    fpr = np.cumsum(~is_member[order]) / len(other_losses)
    return float(max(0.0, (tpr - fpr).max())), float(tpr[fpr <= max_fpr].max(initial=0.0))


values = attacking.group("The two numbers")


@values.mistake(
    "Your attack must accuse at least the lowest loss: it may also accuse nobody, and then both "
    "rates are 0."
)
def somebody_is_accused(member_losses, other_losses, max_fpr):
    tpr, fpr = _rates(member_losses, other_losses)
    allowed = tpr[fpr <= max_fpr]
    return float((tpr - fpr).max()), float(allowed.max() if len(allowed) else tpr[0])


@values.mistake(
    "You took the distance between the two rates, whichever is larger: this attack calls low "
    "losses members, and gains only where members are found more often than others are accused."
)
def distance_either_way(right, a):
    tpr, fpr = _rates(a.member_losses, a.other_losses)
    return float(np.abs(tpr - fpr).max()), right()[1]


@values.mistake(
    "You allowed only a rate below max_fpr: a rate equal to it is allowed, which matters at 0."
)
def below_the_rate(right, a):
    tpr, fpr = _rates(a.member_losses, a.other_losses)
    return right()[0], float(tpr[fpr < a.max_fpr].max(initial=0.0))


@values.mistake(
    "Your advantage is limited to the attacks that max_fpr allows: it is the largest difference of "
    "any attack, and max_fpr is for the second number alone."
)
def advantage_under_the_limit(right, a):
    tpr, fpr = _rates(a.member_losses, a.other_losses)
    return float((tpr - fpr)[fpr <= a.max_fpr].max(initial=0.0)), right()[1]


@values.mistake(
    "Your second number is a difference of rates: it is the true-positive rate alone, the largest "
    "of the attacks that max_fpr allows."
)
def found_less_accused(right, a):
    tpr, fpr = _rates(a.member_losses, a.other_losses)
    return right()[0], float((tpr - fpr)[fpr <= a.max_fpr].max(initial=0.0))


@values.mistake(
    "You mixed members and others in one accuracy: the larger group then counts for more. The "
    "advantage is a difference of two rates, each over its own group."
)
def advantage_from_accuracy(right, a):
    tpr, fpr = _rates(a.member_losses, a.other_losses)
    tpr, fpr = np.append(0.0, tpr), np.append(0.0, fpr)
    members, others = len(a.member_losses), len(a.other_losses)
    accuracy = (tpr * members + (1 - fpr) * others) / (members + others)
    return float(2 * accuracy.max() - 1), right()[1]


@values.mistake(
    "Your advantage is a balanced accuracy, (TPR + 1 - FPR) / 2, which is one half for an attack "
    "that gains nothing: the advantage is TPR - FPR."
)
def balanced_accuracy(right, a):
    return (right()[0] + 1) / 2, right()[1]


@values.mistake(
    "You divided the accused others by all people: the false-positive rate is a fraction of the "
    "others alone."
)
def accused_over_all(right, a):
    tpr, fpr = _rates(a.member_losses, a.other_losses)
    share = len(a.other_losses) / (len(a.member_losses) + len(a.other_losses))
    return right()[0], float(tpr[fpr * share <= a.max_fpr].max(initial=0.0))


@values.mistake(
    "You held max_fpr against the fraction of others among those called members: the "
    "false-positive rate is the fraction of the others that are called members."
)
def false_among_the_called(right, a):
    tpr, fpr = _rates(a.member_losses, a.other_losses)
    accused = fpr * len(a.other_losses)
    called = accused + tpr * len(a.member_losses)
    return right()[0], float(tpr[accused / called <= a.max_fpr].max(initial=0.0))


@values.mistake(
    "You interpolated the ROC curve: between two thresholds there is no attack, so take the best "
    "one whose false-positive rate is at most max_fpr."
)
def between_two_thresholds(right, a):
    tpr, fpr = _rates(a.member_losses, a.other_losses)
    return right()[0], float(np.interp(a.max_fpr, np.append(0.0, fpr), np.append(0.0, tpr)))


@values.mistake(
    "You took a quantile of the others' losses as the threshold of your second number: it is "
    "interpolated, and falls short or too far where losses tie or are few. Count over thresholds."
)
def below_a_quantile(right, a):
    lowest = np.quantile(a.other_losses, a.max_fpr)
    return right()[0], float(np.mean(a.member_losses < lowest))


@values.mistake(
    "You rounded the number of others that may be accused up: their fraction must stay at or below "
    "max_fpr."
)
def rounded_up(right, a):
    others = len(a.other_losses)
    return right(max_fpr=np.ceil(a.max_fpr * others) / others)


@values.mistake(
    "Your second number is the rate at the threshold of the best advantage: among all thresholds "
    "that keep the false-positive rate at max_fpr or less, take the one that finds most members."
)
def found_at_the_best_advantage(right, a):
    tpr, fpr = _rates(a.member_losses, a.other_losses)
    return right()[0], float(tpr[np.argmax(tpr - fpr)])


@values.mistake("You counted members: give the fraction of members that are found.")
def counts(right, a):
    advantage, found = right()
    return advantage, found * len(a.member_losses)


attacking.hints(
    "An attack is a threshold: whoever's loss is at or below it is called a member.",
    "Try every loss that occurs as the threshold. Two rates for each: the fraction of members at "
    "or below it, and the fraction of others.",
    "advantage = max(0, max(tpr - fpr)); found = the largest tpr among thresholds with "
    "fpr <= max_fpr, or 0.",
)
