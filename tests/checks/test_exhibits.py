"""The failing case is drawn: a table with wrong cells marked, two pictures, two curves; in words,
too, and never with what the learner must not see."""

from __future__ import annotations

import numpy as np
import pytest

from lepton_course.checks.figures import where_wrong
from lepton_course.checks.panel import Panel, hint_panel, verdict_panel
from lepton_course.exercises import Call, Case, Exercise, Value, accuracy, close, exact
from lepton_course.exercises.compiled import compile_exercise
from lepton_course.exercises.judge import judge


def question(reference, *args, compare=None, probe=None, hints=()):
    return compile_exercise(
        Exercise(
            "answer", "A title", 0, 1, 1, reference, lambda rng: [Case("one case", args)],
            probe or Call(), compare or close(), hints=hints,
        )
    )  # fmt: skip


def panel(asked, answer, **options) -> Panel:
    seen = [asked.probe.observe(answer, case) for case in asked.cases]
    return verdict_panel(asked, judge(asked, seen), seen, **options)


def test_a_small_result_is_a_table_with_its_wrong_cells_marked():
    asked = question(lambda: np.array([[1.0, 2.0], [3.0, 4.0]]))
    shown = panel(asked, lambda: np.array([[1.0, 2.0], [3.0, 5.5]]))
    assert "1 of 4 values differ, in row 1, column 1" in repr(shown)
    assert "5.5✗" in repr(shown)
    html = shown._repr_html_()
    assert html.count("tabular-nums") == 1 and html.count('aria-label="wrong"') == 1
    assert ">4<" not in html, "what was expected is shown on demand only"


def test_compare_shows_what_was_expected_beside_it():
    asked = question(lambda: [1.0, 2.0, 3.0])
    html = panel(asked, lambda: [1.0, 2.0, 4.0], compare=True)._repr_html_()
    assert "yours" in html and "expected" in html and html.count("tabular-nums") == 2


def test_a_long_vector_is_two_curves():
    asked = question(lambda: np.sin(np.arange(50.0)))
    shown = panel(asked, lambda: np.sin(np.arange(50.0)) + (np.arange(50) > 40) * 3.0)
    assert shown._repr_html_().count("<polyline") == 2
    assert "9 of 50 values differ, at 41 to 49; most at" in repr(shown)


def test_an_image_is_shown_before_and_after_with_its_wrong_places():
    image = np.zeros((20, 20))
    image[5:15, 5:15] = 1.0

    def keeps_the_border(x):
        out = 1 - x
        out[[0, -1]] = out[:, [0, -1]] = 0
        return out

    asked = question(lambda x: 1 - x, image)
    shown = panel(asked, keeps_the_border)
    assert shown._repr_html_().count("data:image/png") == 3  # input, result, wrong places
    assert "exactly the outermost rows and columns" in repr(shown)
    assert all('alt="' in part[:80] for part in shown._repr_html_().split("<img ")[1:])


def test_the_first_wrong_array_inside_a_result_is_named():
    asked = question(lambda: {"w": [np.zeros((2, 3, 3)), np.ones(3)], "b": 1.0})
    shown = panel(asked, lambda: {"w": [np.eye(3) + np.zeros((2, 3, 3)), np.ones(3)], "b": 1.0})
    assert "'w' value 0, at [0, :, :], 3 of 9 values differ" in repr(shown)


@pytest.mark.parametrize(
    "answer",
    [
        lambda: np.zeros(3),
        lambda: "text",
        lambda: None,
        lambda: np.array(["a", "b"]),
        lambda: 1 / 0,
        lambda: [np.full((2, 2), np.nan)],
    ],
)
def test_where_words_say_as_much_there_is_no_figure(answer):
    assert panel(question(lambda: np.ones((2, 2))), answer).figure is None


def test_not_a_number_can_be_drawn():
    asked = question(lambda: np.ones(30))
    assert "<polyline" in panel(asked, lambda: np.full(30, np.nan))._repr_html_()
    asked = question(lambda: np.ones((30, 30)))
    assert "<img" in panel(asked, lambda: np.full((30, 30), np.inf), compare=True)._repr_html_()


def test_hidden_labels_stay_hidden():
    asked = question(lambda: np.zeros(100, int), compare=accuracy(0.9))
    for compare in (False, True):
        assert panel(asked, lambda: np.ones(100, int), compare=compare).figure is None


def test_a_prediction_is_not_given_away_until_asked_for():
    asked = question((8, 14, 14), probe=Value(), compare=exact())
    assert "(8, 14, 14)" not in repr(panel(asked, (8, 15, 15)))
    assert "(8, 15, 15)" in repr(panel(asked, (8, 15, 15)))
    assert "(8, 14, 14)" in repr(panel(asked, (8, 15, 15), compare=True))


def test_after_three_tries_a_check_offers_to_compare():
    asked = question(lambda: np.ones((2, 2)))
    answer = lambda: np.zeros((2, 2))  # noqa: E731
    assert "compare=True" not in repr(panel(asked, answer, failures=2))
    assert "compare=True" in repr(panel(asked, answer, failures=3))
    assert "compare=True" not in repr(panel(asked, answer, failures=3, compare=True))


def test_the_panel_names_the_next_hint_and_hints_add_up():
    asked = question(lambda: 1, hints=("Look.", "Count.", "return 1"))
    for seen, stage in enumerate(("the nudge", "the method", "the answer", "the hints again")):
        assert stage in repr(panel(asked, lambda: 2, hints_seen=seen))
    last = repr(hint_panel(asked, 2))
    assert last.index("Look.") < last.index("Count.") < last.index("return 1")
    assert "for the method" in repr(hint_panel(asked, 0))


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([0, 1, 0, 0, 0, 0], "1 of 6 values differ, at 1"),
        ([1, 1, 1, 1, 1, 0], "5 of 6 values differ, at 0 to 4"),
        ([1, 1, 0, 1, 1, 1], "5 of 6 values differ, at 0 to 5 (5 of them)"),
        ([1, 1], "both values differ"),
        ([[1, 0], [0, 0]], "1 of 4 values differ, in row 0, column 0"),
    ],
)
def test_where_it_is_wrong_is_said_in_words(cells, said):
    assert where_wrong(np.array(cells, bool)) == said
