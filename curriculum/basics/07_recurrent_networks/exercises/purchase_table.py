"""Exercise `purchase_table`: what was known of each customer on a day, and what came after it."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import (
    as_bool,
    as_float,
    as_int,
    as_list,
    columns_exchanged,
    complement,
    transposed,
    tuple_order,
)

SPLITS = "lesson.ipynb#Time-ordered-splits"


purchases = exercise(
    "purchase_table",
    title="What was known, and what came after",
    points=3,
    difficulty=3,
    minutes=20,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Who-buys-again",
    returns=("known", "x", "bought"),
    forms=[
        complement("Your labels are the wrong way round: 1 is for those who buy.", of="bought"),
        columns_exchanged(
            0, 1, "Your first two columns have changed places: recency, frequency, money.", of="x"
        ),
        transposed(
            "Your x has the shape (3, C): a customer is a row, so np.stack(…, axis=1).", of="x"
        ),
        as_int("Your x holds whole numbers, so the cents are lost: make it an array of floats."),
        as_bool("Your labels are True and False: .astype(int) makes 1 and 0.", of="bought"),
        columns_exchanged(
            1, 2, "Your last two columns have changed places: recency, frequency, money.", of="x"
        ),
        tuple_order((0, 2, 1), "Your features and labels have changed places: known, x, bought."),
        as_float(
            "Your labels are floats, as from np.zeros: whole numbers are asked for, "
            ".astype(int) makes them.",
            of="bought",
        ),
        as_list("You returned lists: np.array(…) makes an array of each."),
    ],
)


@purchases.reference
def purchase_table(customer, day, dollars, cutoff, window):
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
    def log(cutoff, *histories):
        """Each history: days counted from the cutoff. Customers' numbers and order are drawn."""
        numbers = rng.choice(np.arange(100, 1000), len(histories), replace=False)
        who = np.repeat(numbers, [len(days) for days in histories])
        days = cutoff + np.concatenate(histories)
        paid = np.round(rng.uniform(5, 60, len(who)), 2)
        order = rng.permutation(len(who))
        while (np.diff(who[order]) > 0).all() or (np.diff(days[order]) > 0).all():
            order = rng.permutation(len(who))
        return who[order], days[order], paid[order]

    def far():
        return -int(rng.integers(20, 60))

    def case(part, *histories, free=False):
        cutoff, window = int(rng.integers(90, 120)), int(rng.integers(8, 15))
        ends = [[d + window if later else d for d, later in days] for days in histories]
        who, days, paid = log(cutoff, *ends)
        if free:
            paid[np.argsort(days)[1]] = 0.0
        return Case(part, (who, days, paid, cutoff, window))

    def before(*days):
        return [(d, False) for d in days]

    def after(*days):  # counted from the end of the window
        return [(d, True) for d in days]

    a, b, c = far(), far(), far()
    known = before(a, a, a - 9, a - 14), before(b, b - 6, b - 31), before(c), before(-2, c - 3)
    later = before(3, 5), after(-4), before(2), after(2)
    return [
        case("what was known", *known, before(-5, -5, -30), free=True),
        case("what came after", *[k + x for k, x in zip(known, later, strict=True)], before(-9)),
        case("customers who came later", *known[1:], known[0] + later[0], before(4, 6), after(3)),
        case(
            "on the very days",
            before(-1, -12),
            before(-8, 0),
            before(-11, -15) + after(-1),
            before(-13) + after(0),
            before(-9, -3) + after(0, 1),
            before(0),
        ),
    ]


@purchases.mistake(
    "Your labels are for all customers of the log, also for those who came later: one for each of "
    "`known`, in the same order."
)
def labels_of_everybody(customer, day, dollars, cutoff, window):
    known, x, _ = purchase_table(customer, day, dollars, cutoff, window)
    return known, x, everybody_in_the_table(customer, day, dollars, cutoff, window)[2]


@purchases.mistake("Your rows are right, but in the order of the log: sort them by customer.")
def order_of_appearance(customer, day, dollars, cutoff, window):
    known, x, bought = purchase_table(customer, day, dollars, cutoff, window)
    seen = list(dict.fromkeys(customer[day < cutoff].tolist()))
    order = np.searchsorted(known, seen)
    return known[order], x[order], bought[order]


@purchases.mistake(
    "The customers' numbers stand in x: they are no feature, and come back on their own."
)
def customers_in_x(customer, day, dollars, cutoff, window):
    known, x, bought = purchase_table(customer, day, dollars, cutoff, window)
    return known, np.column_stack([known, x]), bought


@purchases.mistake("You returned x and bought only: the customers come first.")
def customers_missing(customer, day, dollars, cutoff, window):
    return purchase_table(customer, day, dollars, cutoff, window)[1:]


@purchases.mistake(
    "You took logarithms, as the lesson does for its regression: days and numbers as they are, "
    "are asked for here."
)
def logarithms(customer, day, dollars, cutoff, window):
    known, x, bought = purchase_table(customer, day, dollars, cutoff, window)
    return known, np.column_stack([np.log(x[:, :2]), x[:, 2]]), bought


@purchases.mistake(
    "You look back over one window only: everything before the cutoff is known, however long ago."
)
def known_in_the_last_window(customer, day, dollars, cutoff, window):
    late = day >= cutoff - window
    return purchase_table(customer[late], day[late], dollars[late], cutoff, window)


@purchases.mistake(
    "You have a label for each purchase of the log: one for each of `known`, np.isin(known, …)."
)
def a_label_for_each_purchase(customer, day, dollars, cutoff, window):
    known, x, _ = purchase_table(customer, day, dollars, cutoff, window)
    soon = customer[(day >= cutoff) & (day < cutoff + window)]
    return known, x, np.isin(customer, soon).astype(int)


@purchases.mistake(
    "Your table has a row for every number up to the largest, as the lesson may do with customers "
    "0, 1, 2, …: here the numbers have gaps; np.unique finds those that are known."
)
def a_row_for_every_number(customer, day, dollars, cutoff, window):
    known, x, bought = purchase_table(customer, day, dollars, cutoff, window)
    table, soon = np.zeros((customer.max() + 1, 3)), np.zeros(customer.max() + 1, dtype=int)
    table[:, 0] = cutoff + 1
    table[known], soon[customer[(day >= cutoff) & (day < cutoff + window)]] = x, 1
    return np.arange(len(table)), table, soon


@purchases.mistake(
    "You have a row for each purchase: put all purchases of a customer into one row."
)
def a_row_for_each_purchase(customer, day, dollars, cutoff, window):
    past = day < cutoff
    soon = customer[(day >= cutoff) & (day < cutoff + window)]
    x = np.column_stack([cutoff - day[past], np.ones(past.sum()), dollars[past]])
    return customer[past], x, np.isin(customer[past], soon).astype(int)


@purchases.mistake("Your x has two columns: the third, money, is missing.")
def money_left_out(customer, day, dollars, cutoff, window):
    known, x, bought = purchase_table(customer, day, dollars, cutoff, window)
    return known, x[:, :2], bought


@purchases.mistake(
    "You sorted days and dollars but not the customers, so each purchase belongs to somebody "
    "else: use one order for all three, or none at all."
)
def customers_not_sorted_along(customer, day, dollars, cutoff, window):
    order = np.argsort(day)
    return purchase_table(customer, day[order], dollars[order], cutoff, window)


def _last_day(days, cutoff, whole):
    return cutoff - days.max()


def _count(days, cutoff, whole):
    return len(days)


def _mean(paid, days):
    return paid.mean()


def right_window(days, cutoff, window):
    return ((days >= cutoff) & (days < cutoff + window)).any()


def _table(
    recency=_last_day, frequency=_count, money=_mean, is_known=np.less, is_soon=None, leak=()
):
    """A table with one thing done in another way.

    leak: columns whose features see the whole log.
    """

    def wrong(customer, day, dollars, cutoff, window):
        rows = []
        for who in np.unique(customer[is_known(day, cutoff)]):
            own = customer == who
            past = own & is_known(day, cutoff)
            seen = [own if column in leak else past for column in range(3)]
            features = (
                recency(day[seen[0]], cutoff, day),
                frequency(day[seen[1]], cutoff, day),
                money(dollars[seen[2]], day[seen[2]]),
            )
            later = is_soon or right_window
            rows.append((who, features, int(later(day[own], cutoff, window))))
        who, features, later = zip(*rows, strict=True)
        return np.array(who), np.array(features, dtype=float), np.array(later)

    return wrong


is_soon_mistakes = purchases.group("Is soon", make=lambda is_soon: _table(is_soon=is_soon))


@is_soon_mistakes.mistake(
    "Purchases on the cutoff's day are lost between your features and labels: the window begins "
    "with it, day >= cutoff."
)
def cutoff_in_neither(days, cutoff, window):
    return ((days > cutoff) & (days < cutoff + window)).any()


@is_soon_mistakes.mistake("Your window is one day too long: it is cutoff <= day < cutoff + window.")
def window_one_day_longer(days, cutoff, window):
    return ((days >= cutoff) & (days <= cutoff + window)).any()


@is_soon_mistakes.mistake(
    "Your window begins and ends a day too late: it is cutoff <= day < cutoff + window."
)
def window_moved(days, cutoff, window):
    return ((days > cutoff) & (days <= cutoff + window)).any()


@is_soon_mistakes.mistake(
    "Your labels count every later purchase: only those within `window` days count, day < cutoff "
    "+ window."
)
def no_end_of_the_window(days, cutoff, window):
    return (days >= cutoff).any()


@is_soon_mistakes.mistake(
    "All your labels are 0: the window ends at cutoff + window, and not on day `window`."
)
def window_from_day_0(days, cutoff, window):
    return ((days >= cutoff) & (days < window)).any()


@is_soon_mistakes.mistake(
    "Nearly all your labels are 1, for purchases before the cutoff count as well: the window "
    "begins with the cutoff."
)
def no_beginning_of_the_window(days, cutoff, window):
    return (days < cutoff + window).any()


@is_soon_mistakes.mistake(
    "Your labels look at the days before the cutoff: they are about those after it."
)
def window_before_the_cutoff(days, cutoff, window):
    return ((days < cutoff) & (days >= cutoff - window)).any()


@is_soon_mistakes.mistake("Your labels count purchases: 1 or 0 is asked for, bought or not.")
def purchases_counted(days, cutoff, window):
    return ((days >= cutoff) & (days < cutoff + window)).sum()


recency_mistakes = purchases.group("Recency", make=lambda recency: _table(recency=recency))


@recency_mistakes.mistake(
    "Your recency counts from the first purchase: it is the time since the last one."
)
def since_the_first_purchase(days, cutoff, whole):
    return cutoff - days.min()


@recency_mistakes.mistake(
    "Your recency is the time between first and last purchase, as some libraries have it: here it "
    "is the time from the last one to the cutoff."
)
def first_to_last(days, cutoff, whole):
    return days.max() - days.min()


@recency_mistakes.mistake(
    "Your recency is the day of the last purchase: the days from there to the cutoff are asked "
    "for, cutoff - day."
)
def day_itself(days, cutoff, whole):
    return days.max()


@recency_mistakes.mistake(
    "Your recency ends with the last purchase that anybody made: it ends with the cutoff."
)
def up_to_the_last_known_day(days, cutoff, whole):
    return whole[whole < cutoff].max() - days.max()


@recency_mistakes.mistake(
    "Your recency is a day too short: a purchase on the day before the cutoff has the recency 1."
)
def up_to_the_day_before(days, cutoff, whole):
    return cutoff - 1 - days.max()


@recency_mistakes.mistake("Your recency is negative: it is cutoff - day.")
def negative_recency(days, cutoff, whole):
    return days.max() - cutoff


@recency_mistakes.mistake(
    "You took the last row of a customer for the latest: the rows come in any order, so take the "
    "largest day."
)
def last_row(days, cutoff, whole):
    return cutoff - days[-1]


frequency_mistakes = purchases.group(
    "Frequency", make=lambda frequency: _table(frequency=frequency)
)


@frequency_mistakes.mistake(
    "You did not count the first purchase, as some libraries do: here all known purchases count."
)
def repeated_purchases(days, cutoff, whole):
    return len(days) - 1


@frequency_mistakes.mistake("You counted days: two purchases on one day are two.")
def days_with_purchases(days, cutoff, whole):
    return len(set(days.tolist()))


@frequency_mistakes.mistake("Your frequency is a rate: the number of known purchases is asked for.")
def purchases_per_day(days, cutoff, whole):
    return len(days) / (cutoff - days.min())


money_mistakes = purchases.group("Money", make=lambda money: _table(money=money))


@money_mistakes.mistake(
    "Your money is the total: the mean of a customer's known purchases is asked for."
)
def total_money(paid, days):
    return paid.sum()


@money_mistakes.mistake("Your money is the amount of the last purchase: the mean is asked for.")
def last_amount(paid, days):
    return paid[days.argmax()]


@money_mistakes.mistake("Your money is the largest amount: the mean is asked for.")
def largest_amount(paid, days):
    return paid.max()


@money_mistakes.mistake("Your money is the median: the mean is asked for.")
def median_amount(paid, days):
    return np.median(paid)


@money_mistakes.mistake("You divided by the number of days: divide by the number of purchases.")
def mean_per_day(paid, days):
    return paid.sum() / len(set(days.tolist()))


@money_mistakes.mistake(
    "You left out purchases of 0 dollars in the mean: they happened, so they count."
)
def free_purchases_dropped(paid, days):
    return paid[paid > 0].mean() if (paid > 0).any() else 0.0


splits = purchases.group("Time ordered splits", read=SPLITS)


splits.mistake(
    "Your features see purchases after the cutoff, so the table tells the model what it is to "
    "predict: use the rows with day < cutoff only.",
    name="features of the whole log",
)(_table(leak=(0, 1, 2)))


splits.mistake(
    "Your recency sees purchases after the cutoff (it may be negative): take the last day among "
    "those before the cutoff.",
    name="recency from the future",
)(_table(leak=(0,)))


splits.mistake(
    "Your frequency counts purchases after the cutoff: count those before it.",
    name="frequency from the future",
)(_table(leak=(1,)))


splits.mistake(
    "Your money sees purchases after the cutoff: take the mean of those before it.",
    name="money from the future",
)(_table(leak=(2,)))


splits.mistake(
    "Your recency is right, but frequency and money see purchases after the cutoff: use the rows "
    "with day < cutoff for them, too.",
    name="frequency and money from the future",
)(_table(leak=(1, 2)))


@splits.mistake(
    "Your table has customers who came after the cutoff only: on that day nobody knew them, so "
    "they have no row."
)
def everybody_in_the_table(customer, day, dollars, cutoff, window):
    known, x, bought = purchase_table(customer, day, dollars, cutoff, window)
    everyone = np.unique(customer)
    table, soon = np.zeros((len(everyone), 3)), np.zeros(len(everyone), dtype=int)
    table[np.isin(everyone, known)] = x
    later = customer[(day >= cutoff) & (day < cutoff + window)]
    soon[np.isin(everyone, later)] = 1
    return everyone, table, soon


@splits.mistake(
    "You left out customers who never buy again, which one learns from the future only: everybody "
    "known before the cutoff has a row."
)
def only_those_who_come_back(customer, day, dollars, cutoff, window):
    known, x, bought = purchase_table(customer, day, dollars, cutoff, window)
    back = np.isin(known, customer[day >= cutoff])
    return known[back], x[back], bought[back]


splits.mistake(
    "You put the cutoff's own purchases among what is known: known is day < cutoff, and the "
    "window begins with the cutoff.",
    name="cutoff known",
)(_table(is_known=np.less_equal, is_soon=cutoff_in_neither))


splits.mistake(
    "You drew both borders a day too late: known is day < cutoff, and the window is cutoff <= day "
    "< cutoff + window.",
    name="cutoff known, window moved",
)(_table(is_known=np.less_equal, is_soon=window_moved))


splits.mistake(
    "Purchases on the cutoff's day are in your features and in your labels, which is a leak: "
    "known is day < cutoff.",
    name="cutoff in both",
)(_table(is_known=np.less_equal))


@splits.mistake(
    "You wrote <= at every border, so the cutoff's day counts twice and the window is a day too "
    "long: known is day < cutoff, the window cutoff <= day < cutoff + window."
)
def all_borders_included(customer, day, dollars, cutoff, window):
    longer = _table(is_known=np.less_equal, is_soon=window_one_day_longer)
    return longer(customer, day, dollars, cutoff, window)


splits_recency = purchases.group(
    "Time ordered splits: recency", read=SPLITS, make=lambda recency: _table(recency=recency)
)


@splits_recency.mistake(
    "Your recency ends with the last day of the log, which lies in the future: it ends with the "
    "cutoff."
)
def up_to_the_end_of_the_log(days, cutoff, whole):
    return whole.max() - days.max()


purchases.hints(
    "Stand on the evening before the cutoff. Which rows of the log can you see? Make a mask of "
    "them first, and use nothing else for the features.",
    "np.unique(customer[past]) gives the rows of the table, sorted. A loop over them is fine: "
    "pick the customer's own known rows, and take the largest day, the number and the mean.",
    "For the labels make a second mask, from the cutoff to before cutoff + window, and ask with "
    "np.isin which known customers are in it. Collect the features in a list, and make floats of "
    "them at the end.",
)
