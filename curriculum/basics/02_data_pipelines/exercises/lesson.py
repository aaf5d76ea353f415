"""The lesson's small exercises. They earn no points."""

from __future__ import annotations

import hashlib

import numpy as np

from lepton_course.authoring import Call, Case, close, exact, exercise
from lepton_course.authoring.wrong_forms import as_list

parsing = exercise(
    "to_numbers",
    title="Try it: strings to numbers",
    points=0,
    difficulty=1,
    minutes=3,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Look-before-you-clean",
)


@parsing.reference
def to_numbers(texts, blanks):
    """Convert strings (N,) to float (N,), with nan where a string is in the list `blanks`."""
    return np.array([float("nan" if text in blanks else text) for text in texts.tolist()])


@parsing.alternative
def by_mask(texts, blanks):
    numbers = np.full(len(texts), np.nan)
    known = ~np.isin(texts, blanks)
    numbers[known] = texts[known].astype(float)
    return numbers


@parsing.cases
def parsing_cases(rng):
    ages = [str(int(age)) for age in rng.integers(18, 70, 3)]
    yield Case("numbers only", (np.array([*ages, ages[0]]), ["", "NA"]))
    yield Case("numbers only", (np.array(["12.5"]), ["?"]))
    yield Case("blanks", (np.array(["", ages[1], "NA", "-2.25", "?"]), ["", "NA", "?"]))
    yield Case("blanks", (np.array(["-1", ages[2], "-1", "0"]), ["-1"]))


@parsing.mistake('You turned blanks into 0: an unknown number is "not a number", np.nan.')
def blanks_are_zero(right, a):
    return np.nan_to_num(right())


@parsing.mistake("You left the blanks out: the result has one number for each string.")
def blanks_left_out(right, a):
    return right()[~np.isin(a.texts, a.blanks)]


@parsing.mistake(
    "The condition is the wrong way round: a string in blanks becomes nan, the others become "
    "numbers."
)
def condition_inverted(right, a):
    return np.where(np.isnan(right()), 0.0, np.nan)


@parsing.mistake("You compared with one blank only: `text in blanks` looks at all of them.")
def only_the_first_blank(texts, blanks):
    return np.array([float("nan" if text == blanks[0] else text) for text in texts.tolist()])


parsing.hints(
    'What is true of a string that means "no answer"?',
    "Ask whether it is one of the blanks: text in blanks.",
    "def to_numbers(texts, blanks):\n"
    "    found = []\n"
    "    for text in texts.tolist():\n"
    "        found.append(np.nan if text in blanks else float(text))\n"
    "    return np.array(found)",
)


scaling = exercise(
    "robust_scale",
    title="Try it: robust scaling",
    points=0,
    difficulty=2,
    minutes=4,
    probe=Call(fresh=True),
    compare=close(),
    read="lesson.ipynb#Outliers-and-robust-scaling",
)


@scaling.reference
def robust_scale(train, other):
    """Subtract the medians of train (N, F) from other (M, F); divide by the interquartile ranges.

    A range of 0 counts as 1.
    """
    low, middle, high = np.quantile(train, [0.25, 0.5, 0.75], axis=0)
    return (other - middle) / np.where(high > low, high - low, 1.0)


@scaling.alternative
def column_by_column(train, other):
    scaled = []
    for past, new in zip(train.T, other.T, strict=True):
        width = np.percentile(past, 75) - np.percentile(past, 25)
        scaled.append((new - np.median(past)) / (width or 1.0))
    return np.stack(scaled, axis=1)


@scaling.cases
def scaling_cases(rng):
    def table(rows, columns=2):
        return np.round(rng.gamma(2.0, 30.0, size=(rows, columns)) - 40, 2)

    wild = table(8, 3)
    wild[5, 0] = 90_000.5
    flat = table(5)
    flat[:4, 1] = 7.5
    yield Case("plain columns", (table(7), table(3)))
    yield Case("plain columns", (table(1, 1), table(1, 1)))
    yield Case("an outlier", (wild, table(4, 3)))
    yield Case("a range of 0", (flat, table(2)))


@scaling.mistake("You took the statistics from other: they come from train.")
def statistics_of_other(right, a):
    return right(train=a.other)


@scaling.mistake("You subtracted the mean: an outlier moves it; take the median.")
def mean_subtracted(right, a):
    low, middle, high = np.quantile(a.train, [0.25, 0.5, 0.75], axis=0)
    return right() + (middle - a.train.mean(axis=0)) / np.where(high > low, high - low, 1.0)


@scaling.mistake("You divided by the standard deviation: an outlier inflates it.")
def deviation_used(right, a):
    std = a.train.std(axis=0)
    return (a.other - np.median(a.train, axis=0)) / np.where(std == 0, 1.0, std)


@scaling.mistake("You computed one number for the whole table: axis=0 gives one for each column.")
def one_for_all(right, a):
    low, middle, high = np.quantile(a.train, [0.25, 0.5, 0.75])
    return (a.other - middle) / ((high - low) or 1.0)


scaling.hints(
    "The first blank is the middle of each column of train.",
    "np.median(train, axis=0), and the quantile 0.25 along the same axis.",
    "def robust_scale(train, other):\n"
    "    middle = np.median(train, axis=0)\n"
    "    width = np.quantile(train, 0.75, axis=0) - np.quantile(train, 0.25, axis=0)\n"
    "    width = np.where(width == 0, 1.0, width)\n"
    "    return (other - middle) / width",
)


hashing = exercise(
    "hash_split",
    title="Try it: a split that never changes",
    points=0,
    difficulty=2,
    minutes=6,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Splits",
    forms=[as_list("The answers are right, but in a list: return a NumPy array.")],
)


@hashing.reference
def hash_split(customers, percent):
    """Return the mask of the test set, bool (N,).

    customers: strings (N,). percent: whole number, 0 to 100.
    """
    return np.array([_place(name) < percent for name in customers.tolist()], dtype=bool)


def _place(name):
    """Return the customer's place, 0 to 99."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 100


@hashing.alternative
def with_a_dictionary(customers, percent):
    chosen = {}
    for name in customers.tolist():
        digest = hashlib.sha256(bytes(name, "utf-8")).digest()
        chosen[name] = int.from_bytes(digest, "big") % 100 <= percent - 1
    return np.array(list(map(chosen.get, customers.tolist())))


@hashing.cases
def hashing_cases(rng):
    names = [f"C{number:04d}" for number in rng.permutation(9000)[:40]]
    yield Case("customers once", (np.array(names[:30]), 20))
    yield Case("customers once", (np.array(names[:7]), 55))
    yield Case("customers once", (np.array(names[30:31]), 50))
    yield Case("customers several times", (np.array([*names[:25], *names[:12]]), 35))
    yield Case("nobody, or everybody", (np.array(names[:5]), 0))
    yield Case("nobody, or everybody", (np.array(names[:6]), 100))
    on_edge = [next(n for n in map(str, range(9000)) if _place(n) == k) for k in range(6)]
    for percent in (0, 1, 4, 5):
        yield Case("on the edge", (rng.permutation(np.array(on_edge)), percent))


@hashing.mistake("Use <, not <=: with percent 0, nobody is in the test set.")
def up_to_percent(right, a):
    return right(percent=a.percent + 1)


@hashing.mistake(
    "You hashed the row's number: hash the customer, so that a customer's rows stay together."
)
def row_numbers(right, a):
    return right(customers=np.arange(len(a.customers)).astype(str))


@hashing.mistake("You marked the training rows: True means that a row is in the test set.")
def training_marked(right, a):
    return ~right()


hashing.hints(
    "Write it for one customer first: a number from 0 to 99, compared with percent.",
    "A list comprehension over customers.tolist(), then np.array(…, dtype=bool).",
    "import hashlib\n\n\n"
    "def hash_split(customers, percent):\n"
    "    inside = []\n"
    "    for c in customers.tolist():\n"
    "        number = int(hashlib.sha256(c.encode()).hexdigest(), 16) % 100\n"
    "        inside.append(number < percent)\n"
    "    return np.array(inside, dtype=bool)",
)

EXERCISES = [parsing, scaling, hashing]
