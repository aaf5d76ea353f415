"""Exercise `purchase_table`: what was known of each customer on a day, and what came after it."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise

purchases = exercise(
    "purchase_table",
    title="What was known, and what came after",
    points=3,
    difficulty=3,
    minutes=15,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Who-buys-again",
    returns=("known", "x", "bought"),
)


@purchases.reference
def purchase_table(customer, day, dollars, cutoff, window):
    """Recency, frequency and money before the cutoff, and who buys within the window after it.

    customer, day: int (E,); dollars: float (E,); a row for each purchase, in any order.
    cutoff, window: in days. Returns `known` (C,), sorted; `x` (C, 3), in days, purchases and
    dollars a purchase; `bought` (C,), 0 or 1.
    """
    past = day < cutoff
    known, place, frequency = np.unique(customer[past], return_inverse=True, return_counts=True)
    latest = np.full(len(known), -np.inf)
    np.maximum.at(latest, place, day[past])
    money = np.bincount(place, weights=dollars[past]) / frequency
    soon = customer[~past & (day < cutoff + window)]
    x = np.stack([cutoff - latest, frequency, money], axis=1)
    return known, x, np.isin(known, soon).astype(int)


@purchases.alternative
def table_by_customer(customer, day, dollars, cutoff, window):
    rows = []
    for who in sorted(set(customer.tolist())):
        days, paid = day[customer == who], dollars[customer == who]
        before = days < cutoff
        if before.any():
            later = ((days >= cutoff) & (days - cutoff < window)).any()
            features = cutoff - max(days[before]), before.sum(), paid[before].mean()
            rows.append((who, features, int(later)))
    who, features, later = zip(*rows, strict=True)
    return np.array(who), np.array(features, dtype=float), np.array(later)


@purchases.alternative
def table_in_order(customer, day, dollars, cutoff, window):
    order = np.lexsort((day, customer))
    customer, day, dollars = customer[order], day[order], dollars[order]
    soon = set(customer[(day >= cutoff) & (day <= cutoff + window - 1)].tolist())
    customer, dollars, day = customer[day < cutoff], dollars[day < cutoff], day[day < cutoff]
    ends = np.append(np.flatnonzero(np.diff(customer)), len(customer) - 1)
    counts = np.diff(ends, prepend=-1)
    sums = np.diff(np.cumsum(dollars)[ends], prepend=0.0)
    x = np.column_stack([cutoff - day[ends], counts, sums / counts]).astype(float)
    return customer[ends], x, np.array([int(who in soon) for who in customer[ends].tolist()])


@purchases.cases
def cases(rng):
    def case(part, cutoff, window, *histories, free=()):
        """A log of one history a customer: days from the cutoff, and days from the window's end.

        Customers' numbers and the order of the rows are drawn. free: histories whose first
        purchase costs nothing.
        """
        numbers = rng.choice(np.arange(100, 1000), len(histories), replace=False)
        numbers[-1] = 0
        offsets = [[*start, *(window + d for d in end)] for start, end in histories]
        who = np.repeat(numbers, [len(days) for days in offsets])
        days = cutoff + np.concatenate(offsets)
        paid = np.round(rng.uniform(5, 60, len(who)), 2)
        paid[np.isin(who, numbers[list(free)]) & (np.diff(who, prepend=-1) != 0)] = 0.0
        order = rng.permutation(len(who))
        while len(who) > 2 and any((np.diff(a[order]) >= 0).all() for a in (who, days)):
            order = rng.permutation(len(who))
        return Case(part, (who[order], days[order], paid[order], cutoff, window))

    def far():
        return -int(rng.integers(20, 60))

    cutoff, even = int(rng.integers(95, 120)), 2 * int(rng.integers(4, 8))
    known = ([far(), -9, -14], []), ([-2, -31, -8, far(), -8], []), ([far()], []), ([-3, far()], [])
    later = ([], [3, 5]), ([4], [-2]), ([], [2]), ([], [2])
    both = [(a + c, b + d) for (a, b), (c, d) in zip(known, later, strict=True)]
    borders = [
        ([-1, -12], []),
        ([-8, 0], []),
        ([-11, -15], [-1]),
        ([-13], [0]),
        ([-9, -3, 0], [0]),
        ([0], []),
    ]
    return [
        case("what was known", cutoff, even, *known, ([-5, -5, -30], []), free=[1, 2]),
        case("what was known", 101, 9, ([far()], [])),
        case("what came after", cutoff + 1, even + 1, *both, ([-9], [])),
        case("customers who came later", 98, even, *both, ([4], [-4]), ([], [3])),
        case("on the boundary days", cutoff + 2, even + 3, *borders),
        case("on the boundary days", cutoff, even, *borders[3:]),
        case("on the boundary days", 120, 1, *borders),
    ]


def _rows(right, a, chosen):
    """The right table of some rows of the log."""
    return right(customer=a.customer[chosen], day=a.day[chosen], dollars=a.dollars[chosen])


def _with_column(right, a, column, measure, seen=None):
    """The right table but for one feature: measure(days, dollars) of each known customer.

    seen: mask of the rows that the feature sees; those before the cutoff, unless given.
    """
    known, x, bought = right()
    seen = a.day < a.cutoff if seen is None else seen
    for row, who in zip(x, known, strict=True):
        own = seen & (a.customer == who)
        row[column] = measure(a.day[own], a.dollars[own])
    return known, x, bought


@purchases.mistake(
    "Your rows are not in ascending order of the customers, as when they keep the order of the "
    "log: sort them by customer."
)
def order_of_appearance(right, a):
    known, x, bought = right()
    seen = list(dict.fromkeys(a.customer[a.day < a.cutoff].tolist()))
    order = np.searchsorted(known, seen)
    return known[order], x[order], bought[order]


@purchases.mistake(
    "Your features see only one window before the cutoff: everything before the cutoff is known, "
    "however long ago."
)
def known_in_the_last_window(right, a):
    return _rows(right, a, a.day >= a.cutoff - a.window)


features = purchases.group("Recency, frequency, money")


@features.mistake(
    "Your recency counts from the first purchase: it is the time since the last known one."
)
def since_the_first_purchase(right, a):
    return _with_column(right, a, 0, lambda days, _: a.cutoff - days.min())


@features.mistake(
    "Your recency takes a customer's last row in the log: the rows come in any order, so take the "
    "largest day."
)
def last_row(right, a):
    return _with_column(right, a, 0, lambda days, _: a.cutoff - days[-1])


@features.mistake(
    "Your recency ends a day before the cutoff: it is cutoff - day, 1 for a purchase on the day "
    "before the cutoff."
)
def up_to_the_day_before(right, a):
    return _with_column(right, a, 0, lambda days, _: a.cutoff - 1 - days.max())


@features.mistake(
    "Your frequency leaves out each customer's first purchase, as some RFM libraries do: here all "
    "known purchases count."
)
def repeated_purchases(right, a):
    return _with_column(right, a, 1, lambda days, _: len(days) - 1)


@features.mistake("Your frequency counts days: two purchases on one day are two.")
def days_with_purchases(right, a):
    return _with_column(right, a, 1, lambda days, _: len(set(days.tolist())))


@features.mistake("Your money is a sum: return the mean over the customer's known purchases.")
def total_money(right, a):
    return _with_column(right, a, 2, lambda _, paid: paid.sum())


@features.mistake(
    "Your mean leaves out purchases of 0 dollars: they happened, so they count in it."
)
def free_purchases_dropped(right, a):
    return _with_column(right, a, 2, lambda _, paid: paid.sum() / max((paid > 0).sum(), 1))


borders = purchases.group(
    "Borders of the window", read="deeper.ipynb#A-random-split-rewards-memorising"
)


@borders.mistake(
    "Purchases on the day of the cutoff count neither as known nor as bought: the window starts "
    "with that day, day >= cutoff."
)
def cutoff_in_neither(right, a):
    return _rows(right, a, a.day != a.cutoff)


@borders.mistake("Your window is one day too long: it is cutoff <= day < cutoff + window.")
def window_one_day_longer(right, a):
    return right(window=a.window + 1)


@borders.mistake(
    "Your labels count every purchase from the cutoff on: only those within `window` days count, "
    "day < cutoff + window."
)
def no_end_of_the_window(right, a):
    return right(window=a.day.max() + 1)


@borders.mistake(
    "Purchases on the day of the cutoff are in your features and in your labels, which is a leak: "
    "known is day < cutoff."
)
def cutoff_in_both(right, a):
    known, x, _ = right(cutoff=a.cutoff + 1)
    x[:, 0] -= 1
    in_window = (a.day >= a.cutoff) & (a.day < a.cutoff + a.window)
    return known, x, np.isin(known, a.customer[in_window]).astype(int)


leaks = purchases.group(
    "Leaks from the future", read="deeper.ipynb#A-random-split-rewards-memorising"
)


@leaks.mistake(
    "Your features see purchases after the cutoff, so the table tells the model what it should "
    "predict: use only the rows with day < cutoff."
)
def features_of_the_whole_log(right, a):
    known, x, bought = right()
    everyone, whole, _ = right(cutoff=a.day.max() + 1)
    whole[:, 0] += a.cutoff - (a.day.max() + 1)
    return known, whole[np.isin(everyone, known)], bought


@leaks.mistake(
    "Your table has rows for customers who first bought after the cutoff: on that day nobody knew "
    "them, so leave them out."
)
def everybody_in_the_table(right, a):
    known, x, _ = right()
    everyone = np.unique(a.customer)
    table = np.zeros((len(everyone), 3))
    table[np.isin(everyone, known)] = x
    in_window = (a.day >= a.cutoff) & (a.day < a.cutoff + a.window)
    return everyone, table, np.isin(everyone, a.customer[in_window]).astype(int)


@leaks.mistake(
    "You left out customers who never buy again, which only the future tells: everyone known "
    "before the cutoff has a row."
)
def only_those_who_come_back(right, a):
    known, x, bought = right()
    back = np.isin(known, a.customer[a.day >= a.cutoff])
    return known[back], x[back], bought[back]


purchases.hints(
    "Imagine the evening before the cutoff. Which rows of the log can you see? Make a mask of "
    "them first, and use nothing else for the features.",
    "np.unique(customer[past]) gives the rows of the table, sorted. A loop over them is fine: "
    "pick the customer's own known rows, and take the largest day, the number and the mean.",
    "For the labels make a second mask, from the cutoff to before cutoff + window, and ask with "
    "np.isin which known customers are in it. Collect the features in a list, and convert them to "
    "floats at the end.",
)
