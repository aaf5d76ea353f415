"""Line-based differences and three-way merges of texts."""

from __future__ import annotations

from difflib import SequenceMatcher, unified_diff


def difference(before: str, after: str, names: tuple[str, str]) -> str:
    """Return a unified difference of two texts, with three lines of context."""
    old = before.splitlines()
    new = after.splitlines()
    return "\n".join(unified_diff(old, new, *names, lineterm=""))


def whole_difference(before: str, after: str, names: tuple[str, str]) -> str:
    """Return all lines from the first to the last change as changed, in linear time."""
    old = before.splitlines()
    new = after.splitlines()
    shortest = min(len(old), len(new))
    head = next((i for i in range(shortest) if old[i] != new[i]), shortest)
    left = shortest - head
    tail = next((i for i in range(left) if old[-1 - i] != new[-1 - i]), left)
    removed = old[head : len(old) - tail]
    added = new[head : len(new) - tail]
    if not removed and not added:
        return ""
    spans = f"@@ -{_span(head, len(removed))} +{_span(head, len(added))} @@"
    lines = [f"--- {names[0]}", f"+++ {names[1]}", spans]
    return "\n".join([*lines, *(f"-{line}" for line in removed), *(f"+{line}" for line in added)])


def merge(base: str, one: str, other: str) -> str | None:
    """Merge both sides' changes to a base (three-way merge); None if they overlap."""
    lines = base.splitlines(keepends=True)
    changes = sorted(
        {*_changes(lines, one.splitlines(keepends=True))}
        | {*_changes(lines, other.splitlines(keepends=True))}
    )
    merged: list[str] = []
    reached = -1  # the line up to which the changes so far reach
    place = 0
    for start, stop, new in changes:
        if start <= reached:
            return None
        merged += [*lines[place:start], *new]
        place = stop
        reached = stop
    return "".join([*merged, *lines[place:]])


def _changes(old: list[str], new: list[str]) -> list[tuple[int, int, tuple[str, ...]]]:
    codes = SequenceMatcher(None, old, new).get_opcodes()
    return [(a, b, tuple(new[c:d])) for tag, a, b, c, d in codes if tag != "equal"]


def _span(start: int, count: int) -> str:
    return f"{start + 1 if count else start},{count}"
