"""Exercise `purchase_table`: what was known of each customer on a day, and what came after it."""

from __future__ import annotations

import numpy as np

from lepton_course.exercises import Call, Case, Exercise, Misconception, close

AGAIN = "lesson.ipynb#Who-buys-again"
SPLITS = "lesson.ipynb#Time-ordered-splits"


def purchase_table(customer, day, dollars, cutoff, window):
    past = day < cutoff
    known, place, frequency = np.unique(customer[past], return_inverse=True, return_counts=True)
    latest = np.full(len(known), -np.inf)
    np.maximum.at(latest, place, day[past])
    money = np.bincount(place, weights=dollars[past]) / frequency
    soon = customer[~past & (day < cutoff + window)]
    x = np.stack([cutoff - latest, frequency, money], axis=1)
    return known, x, np.isin(known, soon).astype(int)


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


# --- misconceptions -----------------------------------------------------------------------------


def _last_day(days, cutoff, whole):
    return cutoff - days.max()


def _count(days, cutoff, whole):
    return len(days)


def _mean(paid, days):
    return paid.mean()


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


def right_window(days, cutoff, window):
    return ((days >= cutoff) & (days < cutoff + window)).any()


def until_the_end_of_the_log(days, cutoff, window):
    return (days >= cutoff).any()


def window_one_day_longer(days, cutoff, window):
    return ((days >= cutoff) & (days <= cutoff + window)).any()


def window_after_the_cutoff(days, cutoff, window):
    return ((days > cutoff) & (days < cutoff + window)).any()


def window_moved_by_a_day(days, cutoff, window):
    return ((days > cutoff) & (days <= cutoff + window)).any()


def window_before_the_cutoff(days, cutoff, window):
    return ((days < cutoff) & (days >= cutoff - window)).any()


def window_from_day_zero(days, cutoff, window):
    return ((days >= cutoff) & (days < window)).any()


def window_without_a_beginning(days, cutoff, window):
    return (days < cutoff + window).any()


def window_closed_on_both_sides(customer, day, dollars, cutoff, window):
    longer = _table(is_known=np.less_equal, is_soon=window_one_day_longer)
    return longer(customer, day, dollars, cutoff, window)


def purchases_counted(days, cutoff, window):
    return ((days >= cutoff) & (days < cutoff + window)).sum()


def not_soon(days, cutoff, window):
    return not right_window(days, cutoff, window)


def since_the_first(days, cutoff, whole):
    return cutoff - days.min()


def from_first_to_last(days, cutoff, whole):
    return days.max() - days.min()


def day_itself(days, cutoff, whole):
    return days.max()


def until_the_last_day_known(days, cutoff, whole):
    return whole[whole < cutoff].max() - days.max()


def until_the_last_day_of_all(days, cutoff, whole):
    return whole.max() - days.max()


def until_the_day_before(days, cutoff, whole):
    return cutoff - 1 - days.max()


def negative_recency(days, cutoff, whole):
    return days.max() - cutoff


def last_row_for_last_day(days, cutoff, whole):
    return cutoff - days[-1]


def repeated_purchases(days, cutoff, whole):
    return len(days) - 1


def days_with_purchases(days, cutoff, whole):
    return len(set(days.tolist()))


def purchases_per_day(days, cutoff, whole):
    return len(days) / (cutoff - days.min())


def total_money(paid, days):
    return paid.sum()


def money_of_the_last(paid, days):
    return paid[days.argmax()]


def largest_amount(paid, days):
    return paid.max()


def median_amount(paid, days):
    return np.median(paid)


def money_per_day(paid, days):
    return paid.sum() / len(set(days.tolist()))


def paid_purchases_only(paid, days):
    return paid[paid > 0].mean() if (paid > 0).any() else 0.0


def everybody(customer, day, dollars, cutoff, window):
    known, x, bought = purchase_table(customer, day, dollars, cutoff, window)
    everyone = np.unique(customer)
    table, soon = np.zeros((len(everyone), 3)), np.zeros(len(everyone), dtype=int)
    table[np.isin(everyone, known)] = x
    later = customer[(day >= cutoff) & (day < cutoff + window)]
    soon[np.isin(everyone, later)] = 1
    return everyone, table, soon


def labels_of_everybody(customer, day, dollars, cutoff, window):
    known, x, _ = purchase_table(customer, day, dollars, cutoff, window)
    return known, x, everybody(customer, day, dollars, cutoff, window)[2]


def only_those_who_come_back(customer, day, dollars, cutoff, window):
    known, x, bought = purchase_table(customer, day, dollars, cutoff, window)
    back = np.isin(known, customer[day >= cutoff])
    return known[back], x[back], bought[back]


def order_of_appearance(customer, day, dollars, cutoff, window):
    known, x, bought = purchase_table(customer, day, dollars, cutoff, window)
    seen = list(dict.fromkeys(customer[day < cutoff].tolist()))
    order = np.searchsorted(known, seen)
    return known[order], x[order], bought[order]


def columns_exchanged(customer, day, dollars, cutoff, window):
    known, x, bought = purchase_table(customer, day, dollars, cutoff, window)
    return known, x[:, [1, 0, 2]], bought


def customers_in_the_table(customer, day, dollars, cutoff, window):
    known, x, bought = purchase_table(customer, day, dollars, cutoff, window)
    return known, np.column_stack([known, x]), bought


def columns_as_rows(customer, day, dollars, cutoff, window):
    known, x, bought = purchase_table(customer, day, dollars, cutoff, window)
    return known, x.T, bought


def whole_numbers(customer, day, dollars, cutoff, window):
    known, x, bought = purchase_table(customer, day, dollars, cutoff, window)
    return known, x.astype(int), bought


def true_and_false(customer, day, dollars, cutoff, window):
    known, x, bought = purchase_table(customer, day, dollars, cutoff, window)
    return known, x, bought == 1


def without_the_customers(customer, day, dollars, cutoff, window):
    return purchase_table(customer, day, dollars, cutoff, window)[1:]


def last_columns_exchanged(customer, day, dollars, cutoff, window):
    known, x, bought = purchase_table(customer, day, dollars, cutoff, window)
    return known, x[:, [0, 2, 1]], bought


def logarithms(customer, day, dollars, cutoff, window):
    known, x, bought = purchase_table(customer, day, dollars, cutoff, window)
    return known, np.column_stack([np.log(x[:, :2]), x[:, 2]]), bought


def known_in_the_last_window(customer, day, dollars, cutoff, window):
    late = day >= cutoff - window
    return purchase_table(customer[late], day[late], dollars[late], cutoff, window)


def labels_before_features(customer, day, dollars, cutoff, window):
    known, x, bought = purchase_table(customer, day, dollars, cutoff, window)
    return known, bought, x


def label_for_each_purchase(customer, day, dollars, cutoff, window):
    known, x, _ = purchase_table(customer, day, dollars, cutoff, window)
    soon = customer[(day >= cutoff) & (day < cutoff + window)]
    return known, x, np.isin(customer, soon).astype(int)


def labels_with_a_point(customer, day, dollars, cutoff, window):
    known, x, bought = purchase_table(customer, day, dollars, cutoff, window)
    return known, x, bought.astype(float)


def lists_for_arrays(customer, day, dollars, cutoff, window):
    return tuple(part.tolist() for part in purchase_table(customer, day, dollars, cutoff, window))


def row_for_every_number(customer, day, dollars, cutoff, window):
    known, x, bought = purchase_table(customer, day, dollars, cutoff, window)
    table, soon = np.zeros((customer.max() + 1, 3)), np.zeros(customer.max() + 1, dtype=int)
    table[:, 0] = cutoff + 1
    table[known], soon[customer[(day >= cutoff) & (day < cutoff + window)]] = x, 1
    return np.arange(len(table)), table, soon


def row_for_each_purchase(customer, day, dollars, cutoff, window):
    past = day < cutoff
    soon = customer[(day >= cutoff) & (day < cutoff + window)]
    x = np.column_stack([cutoff - day[past], np.ones(past.sum()), dollars[past]])
    return customer[past], x, np.isin(customer[past], soon).astype(int)


def without_money(customer, day, dollars, cutoff, window):
    known, x, bought = purchase_table(customer, day, dollars, cutoff, window)
    return known, x[:, :2], bought


def customers_not_sorted_along(customer, day, dollars, cutoff, window):
    order = np.argsort(day)
    return purchase_table(customer, day[order], dollars[order], cutoff, window)


def purchase_table_cases(rng):
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


EXERCISE = Exercise(
    name="purchase_table",
    title="What was known, and what came after",
    points=3,
    difficulty=3,
    minutes=20,
    reference=purchase_table,
    cases=purchase_table_cases,
    probe=Call(),
    compare=close(),
    alternatives=[table_by_customer, table_in_order],
    read=AGAIN,
    misconceptions=[
        Misconception(
            "features of the whole log",
            _table(leak=(0, 1, 2)),
            "Your features see purchases after the cutoff, so the table tells the model what it is "
            "to predict: use the rows with day < cutoff only.",
            SPLITS,
        ),
        Misconception(
            "recency from the future",
            _table(leak=(0,)),
            "Your recency sees purchases after the cutoff (it may be negative): take the last day "
            "among those before the cutoff.",
            SPLITS,
        ),
        Misconception(
            "frequency from the future",
            _table(leak=(1,)),
            "Your frequency counts purchases after the cutoff: count those before it.",
            SPLITS,
        ),
        Misconception(
            "money from the future",
            _table(leak=(2,)),
            "Your money sees purchases after the cutoff: take the mean of those before it.",
            SPLITS,
        ),
        Misconception(
            "frequency and money from the future",
            _table(leak=(1, 2)),
            "Your recency is right, but frequency and money see purchases after the cutoff: use "
            "the rows with day < cutoff for them, too.",
            SPLITS,
        ),
        Misconception(
            "labels of everybody",
            labels_of_everybody,
            "Your labels are for all customers of the log, also for those who came later: one for "
            "each of `known`, in the same order.",
        ),
        Misconception(
            "everybody in the table",
            everybody,
            "Your table has customers who came after the cutoff only: on that day nobody knew "
            "them, so they have no row.",
            SPLITS,
        ),
        Misconception(
            "only those who come back",
            only_those_who_come_back,
            "You left out customers who never buy again, which one learns from the future only: "
            "everybody known before the cutoff has a row.",
            SPLITS,
        ),
        Misconception(
            "cutoff known",
            _table(is_known=np.less_equal, is_soon=window_after_the_cutoff),
            "You put the cutoff's own purchases among what is known: known is day < cutoff, and "
            "the window begins with the cutoff.",
            SPLITS,
        ),
        Misconception(
            "cutoff known, window moved",
            _table(is_known=np.less_equal, is_soon=window_moved_by_a_day),
            "You drew both borders a day too late: known is day < cutoff, and the window is "
            "cutoff <= day < cutoff + window.",
            SPLITS,
        ),
        Misconception(
            "cutoff in both",
            _table(is_known=np.less_equal),
            "Purchases on the cutoff's day are in your features and in your labels, which is a "
            "leak: known is day < cutoff.",
            SPLITS,
        ),
        Misconception(
            "all borders included",
            window_closed_on_both_sides,
            "You wrote <= at every border, so the cutoff's day counts twice and the window is a "
            "day too long: known is day < cutoff, the window cutoff <= day < cutoff + window.",
            SPLITS,
        ),
        Misconception(
            "cutoff in neither",
            _table(is_soon=window_after_the_cutoff),
            "Purchases on the cutoff's day are lost between your features and labels: the window "
            "begins with it, day >= cutoff.",
        ),
        Misconception(
            "window one day longer",
            _table(is_soon=window_one_day_longer),
            "Your window is one day too long: it is cutoff <= day < cutoff + window.",
        ),
        Misconception(
            "window moved",
            _table(is_soon=window_moved_by_a_day),
            "Your window begins and ends a day too late: it is cutoff <= day < cutoff + window.",
        ),
        Misconception(
            "no end of the window",
            _table(is_soon=until_the_end_of_the_log),
            "Your labels count every later purchase: only those within `window` days count, "
            "day < cutoff + window.",
        ),
        Misconception(
            "window from day 0",
            _table(is_soon=window_from_day_zero),
            "All your labels are 0: the window ends at cutoff + window, and not on day `window`.",
        ),
        Misconception(
            "no beginning of the window",
            _table(is_soon=window_without_a_beginning),
            "Nearly all your labels are 1, for purchases before the cutoff count as well: the "
            "window begins with the cutoff.",
        ),
        Misconception(
            "window before the cutoff",
            _table(is_soon=window_before_the_cutoff),
            "Your labels look at the days before the cutoff: they are about those after it.",
        ),
        Misconception(
            "purchases counted",
            _table(is_soon=purchases_counted),
            "Your labels count purchases: 1 or 0 is asked for, bought or not.",
        ),
        Misconception(
            "labels upside down",
            _table(is_soon=not_soon),
            "Your labels are the wrong way round: 1 is for those who buy.",
        ),
        Misconception(
            "since the first purchase",
            _table(recency=since_the_first),
            "Your recency counts from the first purchase: it is the time since the last one.",
        ),
        Misconception(
            "first to last",
            _table(recency=from_first_to_last),
            "Your recency is the time between first and last purchase, as some libraries have it: "
            "here it is the time from the last one to the cutoff.",
        ),
        Misconception(
            "day itself",
            _table(recency=day_itself),
            "Your recency is the day of the last purchase: the days from there to the cutoff are "
            "asked for, cutoff - day.",
        ),
        Misconception(
            "up to the last known day",
            _table(recency=until_the_last_day_known),
            "Your recency ends with the last purchase that anybody made: it ends with the cutoff.",
        ),
        Misconception(
            "up to the end of the log",
            _table(recency=until_the_last_day_of_all),
            "Your recency ends with the last day of the log, which lies in the future: it ends "
            "with the cutoff.",
            SPLITS,
        ),
        Misconception(
            "up to the day before",
            _table(recency=until_the_day_before),
            "Your recency is a day too short: a purchase on the day before the cutoff has the "
            "recency 1.",
        ),
        Misconception(
            "negative recency",
            _table(recency=negative_recency),
            "Your recency is negative: it is cutoff - day.",
        ),
        Misconception(
            "last row",
            _table(recency=last_row_for_last_day),
            "You took the last row of a customer for the latest: the rows come in any order, so "
            "take the largest day.",
        ),
        Misconception(
            "repeated purchases",
            _table(frequency=repeated_purchases),
            "You did not count the first purchase, as some libraries do: here all known purchases "
            "count.",
        ),
        Misconception(
            "days with purchases",
            _table(frequency=days_with_purchases),
            "You counted days: two purchases on one day are two.",
        ),
        Misconception(
            "purchases per day",
            _table(frequency=purchases_per_day),
            "Your frequency is a rate: the number of known purchases is asked for.",
        ),
        Misconception(
            "total",
            _table(money=total_money),
            "Your money is the total: the mean of a customer's known purchases is asked for.",
        ),
        Misconception(
            "last amount",
            _table(money=money_of_the_last),
            "Your money is the amount of the last purchase: the mean is asked for.",
        ),
        Misconception(
            "largest amount",
            _table(money=largest_amount),
            "Your money is the largest amount: the mean is asked for.",
        ),
        Misconception(
            "median",
            _table(money=median_amount),
            "Your money is the median: the mean is asked for.",
        ),
        Misconception(
            "mean per day",
            _table(money=money_per_day),
            "You divided by the number of days: divide by the number of purchases.",
        ),
        Misconception(
            "free purchases dropped",
            _table(money=paid_purchases_only),
            "You left out purchases of 0 dollars in the mean: they happened, so they count.",
        ),
        Misconception(
            "order of appearance",
            order_of_appearance,
            "Your rows are right, but in the order of the log: sort them by customer.",
        ),
        Misconception(
            "columns exchanged",
            columns_exchanged,
            "Your first two columns have changed places: recency, frequency, money.",
        ),
        Misconception(
            "customers in x",
            customers_in_the_table,
            "The customers' numbers stand in x: they are no feature, and come back on their own.",
        ),
        Misconception(
            "columns as rows",
            columns_as_rows,
            "Your x has the shape (3, C): a customer is a row, so np.stack(…, axis=1).",
        ),
        Misconception(
            "whole numbers",
            whole_numbers,
            "Your x holds whole numbers, so the cents are lost: make it an array of floats.",
        ),
        Misconception(
            "True and False",
            true_and_false,
            "Your labels are True and False: .astype(int) makes 1 and 0.",
        ),
        Misconception(
            "customers missing",
            without_the_customers,
            "You returned x and bought only: the customers come first.",
        ),
        Misconception(
            "last columns exchanged",
            last_columns_exchanged,
            "Your last two columns have changed places: recency, frequency, money.",
        ),
        Misconception(
            "logarithms",
            logarithms,
            "You took logarithms, as the lesson does for its regression: days and numbers "
            "as they are, are asked for here.",
        ),
        Misconception(
            "known in the last window",
            known_in_the_last_window,
            "You look back over one window only: everything before the cutoff is known, "
            "however long ago.",
        ),
        Misconception(
            "labels before features",
            labels_before_features,
            "Your features and labels have changed places: known, x, bought.",
        ),
        Misconception(
            "a label for each purchase",
            label_for_each_purchase,
            "You have a label for each purchase of the log: one for each of `known`, "
            "np.isin(known, …).",
        ),
        Misconception(
            "labels with a point",
            labels_with_a_point,
            "Your labels are floats, as from np.zeros: whole numbers are asked for, "
            ".astype(int) makes them.",
        ),
        Misconception(
            "lists",
            lists_for_arrays,
            "You returned lists: np.array(…) makes an array of each.",
        ),
        Misconception(
            "a row for every number",
            row_for_every_number,
            "Your table has a row for every number up to the largest, as the lesson may do "
            "with customers 0, 1, 2, …: here the numbers have gaps; np.unique finds those "
            "that are known.",
        ),
        Misconception(
            "a row for each purchase",
            row_for_each_purchase,
            "You have a row for each purchase: put all purchases of a customer into one row.",
        ),
        Misconception(
            "money left out",
            without_money,
            "Your x has two columns: the third, money, is missing.",
        ),
        Misconception(
            "customers not sorted along",
            customers_not_sorted_along,
            "You sorted days and dollars but not the customers, so each purchase belongs to "
            "somebody else: use one order for all three, or none at all.",
        ),
    ],
    hints=(
        "Stand on the evening before the cutoff. Which rows of the log can you see? Make a mask of "
        "them first, and use nothing else for the features.",
        "np.unique(customer[past]) gives the rows of the table, sorted. A loop over them is fine: "
        "pick the customer's own known rows, and take the largest day, the number and the mean.",
        "For the labels make a second mask, from the cutoff to before cutoff + window, and ask "
        "with np.isin which known customers are in it. Collect the features in a list, and make "
        "floats of them at the end.",
    ),
)
