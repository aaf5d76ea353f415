"""Soil a clean table of credit applications, so that it looks as such a table arrives.

The applications are real; their faults are drawn here, from a seed, and each is marked in
`RawTable.faults`. So a lesson can measure how many of them a rule finds. Made up are the columns
application, customer, received, branch, dealer and reminders, and who applies again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lepton_course.datasets.catalogue import CREDIT
from lepton_course.datasets.splits import TableSplit
from lepton_course.datasets.tables import Rows, as_html, as_text

FIRST_DAY = np.datetime64("2024-01-01")
DAYS = 730
BRANCHES = ("north", "east", "south", "west")
SINGLE_UNITS = "north"
"""The branch that reports money in single units; all others report thousands."""
MONEY = ("expenses", "income", "assets", "debt", "amount", "price")
DEALERS = 300
BLANKS = ("", "NA", "?", "-9999")
"""How a missing number is written; a missing category is never written as a number."""
SYNONYMS = {
    "partime": ("Part-time", "part time"),
    "freelance": ("self-employed", "Freelance "),
    "fixed": ("FIXED", " fixed"),
    "owner": ("Owner", "own"),
    "rent": ("Rent ", "tenant"),
    "parents": ("Parents", "with parents"),
    "married": ("Married", "married "),
    "single": ("SINGLE", "Single"),
    "yes": ("Yes", "Y"),
    "no": ("No", "N"),
}
"""Other spellings of a category; categories without an entry keep their own."""

AGAIN = 0.2  # of customers apply again, one to three times
FLIPPED = 0.03  # of outcomes are recorded wrongly
IMPOSSIBLE = 0.02  # of rows hold a number that cannot be
MISSPELT = 0.15  # of categories
RESENT = 0.04  # of rows arrive twice
WITHHELD_IF_LOW = 0.6  # of incomes in the lowest quarter are left blank
WITHHELD = 0.04  # of the others


@dataclass(frozen=True, eq=False, repr=False)
class RawTable:
    """A table as text, with the truth about its faults; a notebook displays its first rows.

    columns: name -> text array (N,). faults: name of a fault -> bool array (N,), the rows that have
    it. origin: int64 (N,), the row of the clean split that a row was made from.
    """

    columns: dict[str, np.ndarray]
    faults: dict[str, np.ndarray]
    origin: np.ndarray

    def __len__(self) -> int:
        return len(self.origin)

    def __getitem__(self, rows: slice | np.ndarray) -> RawTable:
        """Return some of the rows, by slice, mask or index array."""
        columns = {name: column[rows] for name, column in self.columns.items()}
        faults = {name: mask[rows] for name, mask in self.faults.items()}
        return RawTable(columns, faults, self.origin[rows])

    def __repr__(self) -> str:
        return as_text(self._rows(5), f"{len(self)} rows")

    def _repr_html_(self) -> str:
        return as_html(self._rows(8), f"{len(self)} rows")

    def _rows(self, count: int) -> Rows:
        first = zip(*(column[:count].tolist() for column in self.columns.values()), strict=True)
        return [[*self.columns], *map(list, first)]


def soiled_credit(split: TableSplit, seed: int = 0) -> RawTable:
    """Return the applications of a split of "credit" as they might arrive, oldest first.

    The same split and seed give the same table. The columns: application, customer, received
    (ISO date), branch, dealer, the 13 of the split, reminders (letters sent after the loan was
    granted) and outcome.
    """
    rng = np.random.default_rng(seed)
    origin, day = _applications(len(split), rng)
    draft: dict[str, Any] = {name: split.column(name)[origin] for name in _FEATURES}
    again = np.concatenate([np.zeros(len(split), bool), np.ones(len(origin) - len(split), bool)])
    faults = {"reapplied": again, "withheld": _withhold(draft, origin, rng)}
    _vary(draft, again, rng)
    outcome = split.labels[origin]
    faults["mislabelled"] = rng.random(len(origin)) < FLIPPED
    outcome = np.where(faults["mislabelled"], 1 - outcome, outcome)
    late = day >= np.quantile(day, 0.85)
    draft["home"] = np.where(late & (draft["home"] == "other"), "sublet", draft["home"])
    faults["impossible"] = _break(draft, rng)
    branch = rng.choice(BRANCHES, len(origin))
    faults["single units"] = branch == SINGLE_UNITS
    for name in MONEY:
        draft[name] = np.where(faults["single units"], 1000 * draft[name], draft[name])
    columns = {
        "application": np.array([f"A{number:05d}" for number in rng.permutation(len(origin))]),
        "customer": np.array([f"C{number:04d}" for number in rng.permutation(len(split))])[origin],
        "received": (FIRST_DAY + day.astype("timedelta64[D]")).astype(str),
        "branch": branch,
        "dealer": np.array([f"D{number:03d}" for number in rng.integers(0, DEALERS, len(origin))]),
        **{name: _written(draft[name], rng) for name in CREDIT.numbers},
    }
    faults["misspelt"] = np.zeros(len(origin), bool)
    for name in CREDIT.categories:
        columns[name], misspelt = _misspell(draft[name], rng)
        faults["misspelt"] |= misspelt
    columns["reminders"] = _reminders(outcome, rng).astype(str)
    columns["outcome"] = np.array(CREDIT.classes)[outcome]
    table = RawTable(columns, faults, origin)
    return _with_repeats(table, day, rng)


_FEATURES = (*CREDIT.numbers, *CREDIT.categories)


def _applications(customers: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the customer and the day of each application: first ones, then repeated ones."""
    first = rng.integers(0, DAYS - 200, customers)
    times = np.where(rng.random(customers) < AGAIN, rng.integers(1, 4, customers), 0)
    origin = np.repeat(np.arange(customers), times)
    later = first[origin] + rng.integers(1, 200, len(origin))
    return np.concatenate([np.arange(customers), origin]), np.concatenate([first, later])


def _withhold(draft: dict[str, Any], origin: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blank incomes, low ones more often; a customer who withholds it does so every time."""
    income = draft["income"]
    chance = np.where(income < np.nanquantile(income, 0.25), WITHHELD_IF_LOW, WITHHELD)
    withheld = (rng.random(origin.max() + 1)[origin] < chance) & ~np.isnan(income)
    draft["income"] = np.where(withheld, np.nan, income)
    return withheld


def _vary(draft: dict[str, Any], again: np.ndarray, rng: np.random.Generator) -> None:
    """Change the amount and its share of the price a little where somebody applies again."""
    factor = np.where(again, rng.uniform(0.9, 1.1, len(again)), 1.0)
    draft["amount"] = np.round(draft["amount"] * factor)
    factor = np.where(again, rng.uniform(0.95, 1.05, len(again)), 1.0)
    draft["price"] = np.round(draft["price"] * factor)


def _break(draft: dict[str, Any], rng: np.random.Generator) -> np.ndarray:
    """Put an impossible number into some rows; return which."""
    broken = rng.random(len(draft["age"])) < IMPOSSIBLE
    kind = rng.integers(0, 4, len(broken))
    wrong_age = rng.choice([0, 3, 150, 199], len(broken))
    draft["age"] = np.where(broken & (kind == 0), wrong_age, draft["age"])
    wrong_time = rng.choice([0, 480, 999], len(broken))
    draft["time"] = np.where(broken & (kind == 1), wrong_time, draft["time"])
    draft["amount"] = np.where(broken & (kind == 2), -draft["amount"], draft["amount"])
    worked = draft["age"] + rng.integers(1, 30, len(broken))
    draft["seniority"] = np.where(broken & (kind == 3), worked, draft["seniority"])
    return broken


def _written(numbers: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return numbers as text; a missing one is written in one of several ways."""
    blanks = rng.choice(BLANKS, len(numbers))
    texts = [
        blank if np.isnan(number) else f"{number:.10g}"
        for number, blank in zip(numbers.astype(float), blanks, strict=True)
    ]
    return np.array(texts)


def _misspell(values: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return categories with some of them spelt in another way, and which."""
    chosen = rng.random(len(values)) < MISSPELT
    which = rng.integers(0, 2, len(values))
    texts = [
        SYNONYMS[value][second] if change and value in SYNONYMS else value
        for value, change, second in zip(values.tolist(), chosen, which, strict=True)
    ]
    return np.array(texts), chosen & np.isin(values, list(SYNONYMS))


def _reminders(outcome: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return how many reminders were sent: three or more for nearly every loan that went bad."""
    many = 3 + rng.poisson(1.5, len(outcome))
    few = np.where(rng.random(len(outcome)) < 0.1, rng.integers(1, 3, len(outcome)), 0)
    exception = rng.random(len(outcome)) < 0.01
    return np.where((outcome == 1) ^ exception, many, few)


def _with_repeats(table: RawTable, day: np.ndarray, rng: np.random.Generator) -> RawTable:
    """Return the table by day, with some rows twice, one after the other."""
    order = np.argsort(day, kind="stable")
    times = 1 + (rng.random(len(order)) < RESENT)
    rows = np.repeat(order, times)
    repeated = np.concatenate([[False], rows[1:] == rows[:-1]])
    result = table[rows]
    return RawTable(result.columns, {**result.faults, "resent": repeated}, result.origin)
