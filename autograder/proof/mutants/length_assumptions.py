"""Assumptions about the lengths of arguments: batches, sides, numbers of items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autograder.proof.mutants.assumption import (
    Assumption,
    about,
    always,
    most_frequent,
    same_value,
)
from autograder.proof.mutants.case_arguments import (
    Arguments,
    Axis,
    Change,
    lengths,
    linked_axes,
    resize,
    take,
)
from autograder.proof.mutants.reference_trials import ReferenceTrials


def length_assumptions(rows: Sequence[Arguments], trials: ReferenceTrials) -> Iterator[Assumption]:
    """Yield assumptions about the axes of arrays and the lengths of lists.

    See `assumptions_about`.
    """
    groups = linked_axes(rows)
    for group in groups:
        yield from _one_length(group, rows, trials)
        yield from _equal_sides(group, trials)
    for name in dict.fromkeys(name for group in groups for name, axis in group if axis == 0):
        yield about(
            name, "first item only", "has equal items in every case", "let them differ",
            always(lambda value: take(value, 0, [0] * len(value))),
        )  # fmt: skip


def _one_length(
    group: Sequence[Axis], rows: Sequence[Arguments], trials: ReferenceTrials
) -> Iterator[Assumption]:
    name, axis = group[0]
    found = _lengths_of(group, rows)
    usual = most_frequent(found)[0]
    if len(set(found)) > 1 or trials.works(_resized(group, usual + 1)):
        said = f"has length {usual}" if len(set(found)) == 1 else "has one length"
        yield Assumption(
            name,
            f"one length of axis {axis}",
            f"`{name}` {said} along axis {axis} in every case",
            "use others too",
            lambda rows: _resized(group, most_frequent(_lengths_of(group, rows))[0]),
        )  # fmt: skip
    batches = [name for name, axis in group if axis == 0]
    together = [group, [member for member in group if member[1] == 0]]
    if batches and (1 in found or any(trials.works(_resized(axes, 1)) for axes in together)):
        yield Assumption(
            batches[0], "never one item", f"`{batches[0]}` never holds a single item",
            "let it hold one too",
            lambda _rows: lambda row: (
                _resized(group, 2)(row) if lengths(row)[group[0]] == 1 else row
            ),
            must_matter=False,
        )  # fmt: skip


def _lengths_of(group: Sequence[Axis], rows: Sequence[Arguments]) -> list[int]:
    return [lengths(row)[group[0]] for row in rows]


def _equal_sides(group: Sequence[Axis], trials: ReferenceTrials) -> Iterator[Assumption]:
    """Yield axes that are equally long in every case, though the reference does not require it."""
    (name, axis), *others = group
    for other, its_axis in others:
        if _is_free((name, axis), trials) and _is_free((other, its_axis), trials):
            yield Assumption(
                other,
                f"axis {its_axis} as long as axis {axis} of {name}",
                f"`{other}` is as long along axis {its_axis} as `{name}` along axis {axis} in "
                "every case",
                "use unequal sides",
                lambda _rows: same_value,
            )


def _is_free(axis: Axis, trials: ReferenceTrials) -> bool:
    """Return whether the reference takes this axis longer and shorter, with all others unchanged.

    Length 1 is left out, since NumPy's broadcasting fits it to any other.
    """
    longer, shorter = _changed_length(axis, 1), _changed_length(axis, -1)
    return trials.works(longer) and trials.works(shorter)


def _changed_length(axis: Axis, by: int) -> Change:
    def change(row: Arguments) -> Arguments:
        length = lengths(row)[axis]
        return _resized([axis], length + by)(row) if min(length, length + by) > 1 else row

    return change


def _resized(group: Sequence[Axis], length: int) -> Change:
    def change(row: Arguments) -> Arguments:
        changed = dict(row)
        for name, axis in group:
            changed[name] = resize(changed[name], axis, length)
        return changed

    return change
