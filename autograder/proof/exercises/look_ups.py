"""Answer an exercise by looking rows up in what ships, and compare it with a guess.

The learner's check ships with its rows and their labels. Where a class's cases shared rows with it,
an answer could name them without having learned anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograder.proof.exercises.row_vectors import (
    as_stored,
    columns_of,
    each_row_alone,
    nearest,
    vectors_of,
)
from lepton_course.exercises.compare import as_array
from lepton_course.exercises.judge import judge
from lepton_course.exercises.model import Case, Question
from lepton_course.exercises.probes import Observation
from lepton_course.exercises.values import is_tensor

GUESSES = 5
SAME = 1e-5
"""Distance, in lengths of the vector, below which two rows are one."""


@dataclass(frozen=True)
class LabelledRows:
    """The rows that cases ask about, as vectors (N, F), with their labels (N,)."""

    vectors: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class LookUp:
    """The points that the best look-up earns, those of the best guess, and the rows it found."""

    points: float
    guess: float
    found: int = 0

    def __str__(self) -> str:
        return f"{self.points:g} ≤ {self.guess:g}" if self.is_worthless else f"{self.points:g}!"

    @property
    def is_worthless(self) -> bool:
        """Whether a look-up earns no more than a guess."""
        return self.points <= self.guess + 1e-9


def look_up(shipped: Question, asked: Question) -> LookUp | None:
    """Answer the cases of `asked` by what is in `shipped`; None where no rows are asked about."""
    asked = replace(asked, mistakes=())  # points alone matter here
    known = _all_rows(shipped)
    wanted = [rows_of(case, seen) for case, seen in zip(asked.cases, asked.expected, strict=True)]
    if known is None or any(w is None or not _comparable(w, known) for w in wanted):
        return None
    guess = max(_earned(asked, labels) for labels in _guesses(known, wanted))
    points, found = 0.0, 0
    for scale in (as_stored, each_row_alone, columns_of(known.vectors)):
        reference = scale(known.vectors)
        places, matches = zip(*(_matches(scale(w.vectors), reference) for w in wanted), strict=True)
        found = max(found, sum(int(match.sum()) for match in matches))
        by_row = [known.labels[place] for place in places]
        by_batch = [_most_of_all(labels, known.labels) for labels in by_row]
        points = max(points, _earned(asked, by_row), _earned(asked, by_batch))
        for others in _guesses(known, wanted):
            mixed = [np.where(m, r, o) for m, r, o in zip(matches, by_row, others, strict=True)]
            points = max(points, _earned(asked, mixed))
    return LookUp(points, guess, found)


def look_up_problems(result: LookUp) -> Iterator[str]:
    """Yield what is wrong when looking rows up finds any, or pays."""
    if result.found:
        yield (
            f"{result.found} rows of a class's cases stand in the learner's check: declare "
            "`held_out=` and draw cases from the rows that are handed to them"
        )
    if not result.is_worthless:
        yield (
            f"looking rows up in the learner's check earns {result.points:g} points and a guess "
            f"{result.guess:g}: give the check fewer rows, or ask for more right labels"
        )


def rows_of(case: Case, expected: Observation) -> LabelledRows | None:
    """Return the rows that a case asks to label: the argument with a row for each label."""
    answer = _labels(expected)
    if answer is None:
        return None
    labels = answer.reshape(-1, answer.shape[-1])[0]
    given = [*case.args, *case.kwargs.values()]
    arrays = [as_array(v) for v in given if isinstance(v, np.ndarray) or is_tensor(v)]
    fitting = [array for array in arrays if array.ndim and len(array) == len(labels)]
    rows = next((array for array in fitting if array.ndim > 1), None)
    if rows is None:
        return None
    ends = next((a for a in fitting if a.ndim == 1 and a.dtype.kind in "iu"), None)
    return LabelledRows(vectors_of(rows, ends if rows.ndim > 2 else None), labels)


def _labels(expected: Observation) -> np.ndarray | None:
    value = expected.seen.get(_result(expected))
    if not (isinstance(value, np.ndarray) or is_tensor(value)):
        return None
    labels = as_array(value)
    return labels if labels.ndim and labels.dtype.kind in "iu" else None


def _result(expected: Observation) -> str:
    return "output" if "output" in expected.seen else "result"


def _all_rows(question: Question) -> LabelledRows | None:
    """Return the rows of all cases, those of the first case's width."""
    rows = [rows_of(case, e) for case, e in zip(question.cases, question.expected, strict=True)]
    known = [r for r in rows if r is not None]
    if not known:
        return None
    same = [r for r in known if _comparable(r, known[0])]
    return LabelledRows(
        np.concatenate([r.vectors for r in same]), np.concatenate([r.labels for r in same])
    )


def _comparable(rows: LabelledRows, others: LabelledRows) -> bool:
    return rows.vectors.shape[1] == others.vectors.shape[1]


def _matches(rows: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return, for each row, the place of the nearest known one, and whether it is the same."""
    places, far = nearest(rows, known)
    return places, far <= SAME * np.maximum(np.linalg.norm(rows, axis=1), 1e-9)


def _guesses(known: LabelledRows, wanted: Sequence[LabelledRows]) -> Iterator[list[np.ndarray]]:
    """Yield answers that look at no row: one label for all, and labels at random."""
    for label in np.unique(known.labels):
        yield [np.full(len(w.labels), label) for w in wanted]
    for seed in range(GUESSES):
        rng = np.random.default_rng(seed)
        yield [rng.choice(known.labels, len(w.labels)) for w in wanted]


def _most_of_all(labels: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return one label for all rows of a case: the one found more often than among known rows.

    labels: (N,), found row by row. Where all rows of a case are of one label, this names it, though
    few rows are found rightly.
    """
    if len(labels) < 2:
        return labels
    kinds, counts = np.unique(known, return_counts=True)
    shares = np.array([(labels == kind).mean() for kind in kinds])
    return np.full(len(labels), kinds[np.argmax(shares - counts / len(known))])


def _earned(question: Question, labels: Sequence[np.ndarray]) -> float:
    """Return the points of an answer that gives these labels to the rows of each case."""
    seen = [_observed(e, own) for e, own in zip(question.expected, labels, strict=True)]
    return judge(question, seen).points


def _observed(expected: Observation, labels: np.ndarray) -> Observation:
    name = _result(expected)
    right = expected.seen[name]
    answer: Any = np.broadcast_to(labels, right.shape).astype(as_array(right).dtype)
    if is_tensor(right):
        answer = right.new_tensor(answer)
    return replace(expected, seen={**expected.seen, name: answer})


def worst(results: Sequence[LookUp]) -> LookUp | None:
    """Return the result in which a look-up gained most over a guess, with most rows found."""
    return max(results, key=lambda r: (r.found, r.points - r.guess), default=None)
