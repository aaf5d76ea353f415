"""Differences as rows: every line of both texts that differs is there, where it was."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lepton_hub.rendering.difference_rows import (
    MOST_ROWS,
    DifferenceRow,
    difference_rows,
    inline_rows,
)
from lepton_hub.rendering.text_differences import difference, whole_difference

NAMES = ("before", "after")
texts = st.lists(st.sampled_from(["a", "b b", "b c b", "", "--- x", "+++ y", "@@ -1 +1 @@", " "]))


def words(row: DifferenceRow) -> list[str]:
    sides = (row.before, row.after)
    return ["".join(part.text for part in side.parts) if side else "" for side in sides]


@settings(max_examples=150, deadline=None)
@given(texts, texts)
def test_rows_hold_the_lines_of_both_texts_under_their_numbers(old, new):
    for compare in (difference, whole_difference):
        rows = difference_rows(compare("\n".join(old), "\n".join(new), NAMES))
        for side, text in (("before", old), ("after", new)):
            lines = "\n".join(text).splitlines()
            shown = [getattr(row, side) for row in rows if getattr(row, side)]
            numbers = [line.number for line in shown]
            assert numbers == sorted(set(numbers))
            for line in shown:
                assert "".join(part.text for part in line.parts) == lines[line.number - 1]
        removed, added = ([getattr(r, s) for r in rows if r.kind == "changed" and getattr(r, s)]
                          for s in ("before", "after"))  # fmt: skip
        rest_old = _without("\n".join(old).splitlines(), [line.number for line in removed])
        rest_new = _without("\n".join(new).splitlines(), [line.number for line in added])
        assert rest_old == rest_new
        inline = list(inline_rows(rows))
        assert all((row.before is None) != (row.after is None) for row in inline
                   if row.kind == "changed")  # fmt: skip
        assert sum(row.kind == "changed" for row in inline) == len(removed) + len(added)


def _without(lines: list[str], numbers: list[int]) -> list[str]:
    return [line for number, line in enumerate(lines, 1) if number not in numbers]


def test_within_a_line_the_words_that_differ_are_marked():
    rows = difference_rows(difference("the old text here\n", "the new text here\n", NAMES))
    marked = [part.text for part in rows[0].before.parts if part.changed]
    assert (marked, words(rows[0])) == (["old"], ["the old text here", "the new text here"])


def test_lines_that_are_left_out_are_a_gap():
    old = "\n".join(map(str, range(40)))
    new = old.replace("\n5\n", "\nfive\n").replace("\n30\n", "\nthirty\n")
    kinds = [row.kind for row in difference_rows(difference(old, new, NAMES))]
    assert kinds.count("gap") == 2
    assert kinds[0] == "gap"


def test_a_long_difference_is_cut():
    old = "\n".join(f"a{number}" for number in range(9000))
    rows = difference_rows(whole_difference(old, old.replace("a", "b"), NAMES))
    assert len(rows) == MOST_ROWS + 1
    assert rows[-1].kind == "cut"
    assert list(inline_rows(rows))[-1].kind == "cut"


def test_equal_texts_have_no_rows():
    assert difference_rows(difference("a", "a", NAMES)) == []
