"""Mistakes in `successive_halving`, which is declared beside."""

from __future__ import annotations

import numpy as np

from .successive_halving import halving


def _search(
    curves, rate=2, first=1, *, afresh=False, at_the_end=False, highest=False, mean=False, ahead=0,
    lowest_so_far=False, grown=lambda target, rate, first: target * rate, stays=False, last=False,
    kept=lambda alive, rate: alive // rate, nan_first=False, nan=np.inf, in_order=np.sort,
    places=False, beyond=False, all_pay=False, of_equals=1, free=False,
):  # fmt: skip
    """Successive halving, with any of the usual slips."""
    seen = np.where(np.isnan(curves), -np.inf if nan_first else nan, curves)
    if lowest_so_far:
        seen = np.minimum.accumulate(seen, axis=1)
    if mean:
        seen = np.cumsum(seen, axis=1) / np.arange(1, seen.shape[1] + 1)
    longest = curves.shape[1]
    alive, done, spent = np.arange(len(curves)), 0, 0
    target = first if beyond else min(first, longest)
    while not (free and len(alive) == 1):
        payers = len(curves) if all_pay else len(alive)
        spent += payers * (target if afresh else target - done)
        ranked_at = min(longest if at_the_end else target + ahead, longest)
        now = seen[alive, ranked_at - 1]
        order = np.lexsort((of_equals * np.arange(len(alive)), -now if highest else now))
        number = max(1, kept(len(alive), rate)) if len(alive) > 2 else 1
        if target >= longest and not stays:
            number = 1
        alive, done = in_order(alive[order[:number]]), target
        if len(alive) == 1 or target >= longest:
            break
        target = grown(target, rate, first)
        target = target if beyond else min(target, longest)
    if last and target < longest:
        spent += longest - target
    return int(order[0] if places and spent else alive[0]), spent


def _slipped(**slip):
    def successive_halving(curves, rate=2, first=1):
        return _search(curves, rate, first, **slip)

    return successive_halving


rounds = halving.group("The rounds", make=lambda slip: _slipped(**slip()))


@rounds.mistake(
    "You counted each round from the first epoch: a survivor goes on from its checkpoint, so a "
    "round costs only the epochs that are new."
)
def trained_afresh():
    return {"afresh": True}


@rounds.mistake("You rounded the number of survivors up: alive // rate stay, and at least one.")
def rounded_up():
    return {"kept": lambda alive, rate: -(-alive // rate)}


@rounds.mistake(
    "You ranked the trials by their last losses, which a search has not seen yet: use the loss "
    "after the epochs that were run."
)
def ranked_by_the_end():
    return {"at_the_end": True}


@rounds.mistake("You kept the highest losses: the lowest stay.")
def highest_kept():
    return {"highest": True, "nan": np.nan}


@rounds.mistake(
    "You ranked by the lowest loss so far: rank by the loss after the round's last epoch."
)
def ranked_by_the_lowest_so_far():
    return {"lowest_so_far": True}


@rounds.mistake(
    "Your rounds all have the same length: after each round the number of epochs is multiplied by "
    "rate."
)
def rounds_of_one_length():
    return {"grown": lambda target, rate, first: target + first}


@rounds.mistake(
    "After the round that used up all epochs you returned the first of several survivors: the one "
    "with the lowest loss wins."
)
def first_survivor_wins():
    return {"stays": True}


@rounds.mistake(
    "A trial whose loss is nan won: sorting puts it first, or last, by accident; count it as worse "
    "than any number."
)
def nan_wins():
    return {"nan_first": True}


@rounds.mistake(
    "You gave nan a large number: a loss can be larger still, and then nan wins; use infinity."
)
def nan_is_a_number():
    return {"nan": 1e3}


@rounds.mistake(
    "Equal losses are decided by who was ahead a round earlier: the lower trial number comes "
    "first, so sort the survivors by number before you rank them again."
)
def ties_by_the_round_before():
    return {"in_order": lambda survivors: survivors}


@rounds.mistake(
    "Your winner is a place among the survivors: return the trial's row in curves, so keep the "
    "numbers of the trials alive."
)
def place_among_survivors():
    return {"places": True, "in_order": lambda survivors: survivors}


@rounds.mistake("You trained the winner to the end: the search stops as soon as one trial is left.")
def winner_trained_on():
    return {"last": True}


survivors = halving.group("Who stays", make=lambda slip: _slipped(**slip()))


@survivors.mistake(
    "You rounded the number of survivors to the nearest: alive // rate rounds down, and at least "
    "one stays."
)
def rounded_to_the_nearest():
    return {"kept": lambda alive, rate: int(alive / rate + 0.5)}


@survivors.mistake("You kept one in two, whatever rate is: alive // rate of the trials stay.")
def halved_at_all_rates():
    return {"kept": lambda alive, rate: alive // 2}


@survivors.mistake(
    "You dropped alive // rate of the trials and kept the others: that many stay, the others go."
)
def dropped_instead_of_kept():
    return {"kept": lambda alive, rate: alive - alive // rate}


@survivors.mistake(
    "You rank by the loss one epoch after the round: after n epochs it is in column n - 1, and the "
    "next one has not been paid for."
)
def one_epoch_ahead():
    return {"ahead": 1}


@survivors.mistake(
    "You rank by the mean of all losses so far: rank by the loss after the round's last epoch."
)
def ranked_by_the_mean():
    return {"mean": True}


@survivors.mistake("Of equal losses you prefer the higher trial number: the lower one comes first.")
def last_of_equals():
    return {"of_equals": -1}


@survivors.mistake(
    "Your winner is a place among the trials of the last round: return the trial's row in curves, "
    "so keep the numbers of the trials alive."
)
def place_in_the_last_round():
    return {"places": True}


@halving.mistake(
    "You sorted losses of which some are nan with Python's own sort: nan is neither smaller nor "
    "larger than any number, so the order is left to chance; count it as worse than any number."
)
def sorted_with_nan(curves, rate=2, first=1):
    alive, done, spent = list(range(len(curves))), 0, 0
    while not done or len(alive) > 1:
        target = min(done * rate or first, curves.shape[1])
        spent += len(alive) * (target - done)
        kept = 1 if target == curves.shape[1] else max(1, len(alive) // rate)
        losses = curves[:, target - 1].tolist()
        alive, done = sorted(alive, key=losses.__getitem__)[:kept], target
    return alive[0], spent


@halving.mistake(
    "Where alive // rate is 0 you gave up and returned who led the round before: the best of the "
    "round that was run stays."
)
def leader_of_the_round_before(curves, rate=2, first=1):
    alive, done, spent = np.arange(len(curves)), 0, 0
    while not done or len(alive) > 1:
        target = min(done * rate or first, curves.shape[1])
        spent += len(alive) * (target - done)
        kept = 1 if target == curves.shape[1] else len(alive) // rate
        if len(alive) > 1 and not kept:
            break
        ranked = np.lexsort((alive, curves[alive, target - 1]))
        alive, done = alive[ranked[: max(1, kept)]], target
    return int(alive[0]), spent


costs = halving.group("What it costs", make=lambda slip: _slipped(**slip()))


@costs.mistake(
    "You counted epochs beyond the last one: no trial runs for more than E epochs, so cut the "
    "round off there."
)
def paid_beyond_the_end():
    return {"beyond": True}


@costs.mistake(
    "Your rounds grow by a factor of 2, whatever rate is: the epochs are multiplied by rate."
)
def doubled_at_all_rates():
    return {"grown": lambda target, rate, first: 2 * target}


@costs.mistake(
    "You added first * rate**k epochs in each round: that is where a round ends, counted from the "
    "trial's start."
)
def added_in_each_round():
    return {"grown": lambda target, rate, first: target + first * _power(target, rate, first)}


def _power(target, rate, first):
    """rate**k after rounds of first, first * rate, …, which end at target."""
    power = rate
    while first * (power * rate - 1) // (rate - 1) <= target:
        power *= rate
    return power


@costs.mistake("You let all trials pay for every round: those that are dropped run no further.")
def paid_by_all():
    return {"all_pay": True}


@costs.mistake(
    "With a single trial you ran no round: there is always a first one, and it costs its epochs."
)
def single_trial_for_nothing():
    return {"free": True}


@halving.mistake("You ignored first: the first round ends after `first` epochs, not after one.")
def first_ignored(right, a):
    return right(first=1)
