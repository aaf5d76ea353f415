"""More mistakes that learners make in the exercise `canary`: standard errors and decisions."""

from __future__ import annotations

import numpy as np

from .canary import canary, decided, intervals_of, releasing, with_slip

wrong_errors = releasing.group("Standard errors")


def _own(stable, candidate, margins, least, z, *, added=(1, 2), spread=None, difference=None):
    """A decision by intervals of other rates, other variances or another difference."""
    faults, requests = added
    sides = (candidate, stable)
    p, q = ((side[1:] + faults) / (side[0] + requests) for side in sides)
    variances = [r * (1 - r) / (side[0] + requests) for r, side in zip((p, q), sides, strict=True)]
    half = z * np.sqrt(spread(p, q, *variances) if spread else sum(variances))
    middle = p - q if difference is None else difference
    found = np.column_stack([middle - half, middle + half])
    return decided(found, margins, candidate[0] >= least), found


@wrong_errors.mistake(
    "You added the fault and the requests in the variances only: the rates of the difference have "
    "them, too."
)
def plain_difference(stable, candidate, margins, least, z):
    p, q = (side[1:] / max(side[0], 1) for side in (candidate, stable))
    return _own(stable, candidate, margins, least, z, difference=p - q)


@wrong_errors.mistake(
    "You added one request for the fault that you added: 2 requests are added, one with the fault "
    "and one without."
)
def one_request_added(*args):
    return _own(*args, added=(1, 1))


@wrong_errors.mistake(
    "You added 2 faults and 4 requests, as for the interval of one rate: for a difference 1 and 2 "
    "are added to each version."
)
def two_faults_added(*args):
    return _own(*args, added=(2, 4))


@wrong_errors.mistake(
    "You took the variance of a single request: that of a rate is p (1 - p) / (requests + 2)."
)
def variance_of_one_request(*args):
    return _own(*args, spread=lambda p, q, *_: p * (1 - p) + q * (1 - q))


@wrong_errors.mistake(
    "You left out the stable version's variance: its rate is measured, too, and variances add up."
)
def candidate_alone_varies(*args):
    return _own(*args, spread=lambda p, q, candidates, stables: candidates)


@wrong_errors.mistake(
    "You cut the lower ends off at 0: a difference is below 0 where the candidate is better."
)
def cut_off_at_zero(right, a):
    decision, found = right()
    return decision, np.column_stack([np.maximum(found[:, 0], 0), found[:, 1]])


decisions = releasing.group("The decision")


@decisions.mistake(
    "You rolled back only where every kind of fault became worse: one that surely did is enough."
)
def all_must_be_worse(*args):
    return with_slip({"worse": all})(*args)


@decisions.mistake("You promoted where one kind of fault is surely fine: all of them must be.")
def one_good_is_enough(*args):
    return with_slip({"good": any})(*args)


@decisions.mistake(
    "You promoted a version that is surely worse because it is worse by less than the margin: "
    "rolling back is decided first."
)
def promoted_first(*args):
    return with_slip({"promote_first": True})(*args)


@decisions.mistake("You promoted with fewer requests than `least`.")
def least_ignored(*args):
    return with_slip(enough=lambda count, least: True)(*args)


@decisions.mistake("`least` requests are enough to promote; you asked for one more.")
def one_more_than_least(*args):
    return with_slip(enough=lambda count, least: count > least)(*args)


@decisions.mistake(
    "You waited for `least` requests before rolling back: harm is stopped as soon as it is sure."
)
def least_before_rolling_back(stable, candidate, margins, least, z):
    decision, found = canary(stable, candidate, margins, least, z)
    return (decision if candidate[0] >= least else "continue"), found


@decisions.mistake(
    "You promoted whatever is not surely worse: with few requests nothing is sure. The upper end "
    "of each interval must be below its margin."
)
def absence_of_evidence(stable, candidate, margins, least, z):
    decision, found = canary(stable, candidate, margins, least, z)
    calm = decision == "continue" and candidate[0] >= least
    return ("promote" if calm else decision), found


@decisions.mistake("You compared the lower end with the margin: it is compared with 0.")
def margin_for_both(stable, candidate, margins, least, z):
    found = intervals_of(stable, candidate, z)
    return decided(found, margins, candidate[0] >= least, harm=np.array(margins)), found


@decisions.mistake("You took one margin for all kinds of fault: each has its own.")
def one_margin_for_all(stable, candidate, margins, least, z):
    found = intervals_of(stable, candidate, z)
    return decided(found, [max(margins)] * len(margins), candidate[0] >= least), found


@decisions.mistake(
    "You compared the difference itself with the margin: the upper end of its interval must be "
    "below, or a few lucky requests would do."
)
def estimate_within_the_margin(stable, candidate, margins, least, z):
    decision, found = canary(stable, candidate, margins, least, z)
    is_good = (found.mean(axis=1) < margins).all() and candidate[0] >= least
    return ("promote" if is_good and decision == "continue" else decision), found


@decisions.mistake(
    "You rolled back because a rate was higher: that happens by chance. The lower end of its "
    "interval must be above 0."
)
def any_rise_is_worse(stable, candidate, margins, least, z):
    decision, found = canary(stable, candidate, margins, least, z)
    return ("roll back" if (found.mean(axis=1) > 0).any() else decision), found


@decisions.mistake(
    "You rolled back where a fault might exceed its margin: that is not sure yet, so go on."
)
def doubt_is_worse(stable, candidate, margins, least, z):
    found = intervals_of(stable, candidate, z)
    if (found[:, 1] > margins).any():
        return "roll back", found
    return ("promote" if candidate[0] >= least else "continue"), found


@decisions.mistake(
    "You rolled back where a fault became surely rarer, too: only an interval above 0 is harm."
)
def change_is_worse(stable, candidate, margins, least, z):
    decision, found = canary(stable, candidate, margins, least, z)
    return ("roll back" if (found[:, 1] < 0).any() else decision), found


@decisions.mistake(
    "You counted the stable version's requests towards `least`: the candidate answers them."
)
def requests_of_both(stable, candidate, margins, least, z):
    found = intervals_of(stable, candidate, z)
    return decided(found, margins, stable[0] + candidate[0] >= least), found


@decisions.mistake(
    "You counted the 2 added requests towards `least`: compare it with those really answered."
)
def added_requests_count(*args):
    return with_slip(enough=lambda count, least: count + 2 >= least)(*args)


@wrong_errors.mistake(
    "You added the 2 requests where you divide the variances and nowhere else: the rates have 1 "
    "fault and 2 requests added, in the difference and in the variances."
)
def rates_as_they_are(stable, candidate, margins, least, z):
    with np.errstate(invalid="ignore"):  # 0 / 0 where nobody asked the candidate
        p, q = (side[1:] / side[0] for side in (candidate, stable))
    half = z * np.sqrt(p * (1 - p) / (candidate[0] + 2) + q * (1 - q) / (stable[0] + 2))
    found = np.column_stack([p - q - half, p - q + half])
    return decided(found, margins, candidate[0] >= least), found


@wrong_errors.mistake(
    "You multiplied by z under the root: z counts standard errors, so it stands before the root."
)
def z_under_the_root(stable, candidate, margins, least, z):
    return _own(stable, candidate, margins, least, 1, spread=lambda p, q, *both: z * sum(both))


@decisions.mistake(
    "You rolled back where the difference itself is above its margin: that happens by chance. The "
    "lower end of its interval must be above 0."
)
def estimate_beyond_the_margin(stable, candidate, margins, least, z):
    found = intervals_of(stable, candidate, z)
    if (found.mean(axis=1) > margins).any():
        return "roll back", found
    is_good = (found[:, 1] < margins).all() and candidate[0] >= least
    return ("promote" if is_good else "continue"), found


@wrong_errors.mistake(
    "You pooled both versions for the standard error: each has a variance of its own."
)
def pooled_with_one_fault(stable, candidate, margins, least, z):
    both = (stable[1:] + candidate[1:] + 1) / (stable[0] + candidate[0] + 2)
    each = both * (1 - both) / (stable[0] + 2) + both * (1 - both) / (candidate[0] + 2)
    return _own(stable, candidate, margins, least, z, spread=lambda *_: each)
