"""What a check offers next, as data, as buttons and as lines of code."""

from __future__ import annotations

import numpy as np
import pytest

from lepton_course.checks.code_marks import mark_code, text_to_html
from lepton_course.checks.live_panel import CheckedAnswer, CheckView
from lepton_course.checks.panel import Line, Panel, hint_panel, solution_panel, verdict_panel
from lepton_course.exercises import Call, Case, Exercise, close
from lepton_course.exercises.compiled import compile_exercise
from lepton_course.exercises.judge import judge
from lepton_course.exercises.probes import Missing

WRITTEN = "def f(x):\n    return -x"


def asked(points=0, hints=("Look.", "np.where helps.", WRITTEN)):
    def cases(rng):
        return [Case("small", (np.ones(2),)), Case("large", (np.full(3, 9.0),))]

    return compile_exercise(
        Exercise("f", "Turn it", points, 1, 1, lambda x: -x, cases, Call(), close(), hints=hints)
    )


def seen(question, answer, failures=1):
    observations = [question.probe.observe(answer, case) for case in question.cases]
    verdict = judge(question, observations)
    return CheckView(CheckedAnswer(question, verdict, observations, failures), question)


def buttons(view) -> dict[str, str]:
    return {offer.kind: offer.button for offer in view.main().offers}


def test_a_wrong_answer_may_ask_for_hints_another_case_and_a_solution():
    view = seen(asked(), lambda x: x)
    assert buttons(view) == {
        "hint": "Hint: nudge",
        "look": "Look at another case",
        "again": "Check again",
        "solution": "Give up",
    }
    assert view.main().offers[-1].confirm == "Yes, show a worked solution"


def test_hints_open_one_by_one_and_the_solution_is_none_of_them():
    view = seen(asked(), lambda x: x)
    said = []
    for _ in range(3):
        view.press("hint")
        said.append((view.hints, buttons(view)["hint"]))
    assert said == [
        (1, "Next hint: method"), (2, "Show the hints again"), (2, "Show the hints again"),
    ]  # fmt: skip
    assert [panel.headline for panel in view.panels()][1] == "Turn it: hint 2 of 3 (method)"
    assert "return -x" not in "".join(map(repr, view.panels()))


def test_a_graded_exercise_tells_the_way_in_words():
    view = seen(asked(points=2, hints=("Look.", "Turn.", "Negate x.")), lambda x: x)
    for _ in range(3):
        view.press("hint")
    assert view.hints == 3
    assert view.main().offers[-1].confirm == "Yes, show the way in words"
    view.press("solution")
    assert "the way in words.\n  Negate x." in repr(view.panels()[-1])


def test_another_case_goes_round_the_wrong_parts():
    view = seen(asked(), lambda x: x)
    shown = []
    for _ in range(3):
        shown.append(next(line.text for line in view.main().lines if line.label == "Case"))
        view.press("look")
    assert shown == ["small", "large", "small"]
    half = seen(asked(), lambda x: -x if len(x) < 3 else x)
    assert "look" not in buttons(half), "there is no other one"


def test_the_comparison_is_offered_after_three_tries_and_then_shown():
    assert "compare" not in buttons(seen(asked(), lambda x: x, failures=2))
    view = seen(asked(), lambda x: x, failures=3)
    assert buttons(view)["compare"] == "Compare with the expected result"
    view.press("compare")
    assert "expected:\n" in repr(view.main()) and "compare" not in buttons(view)


def test_who_has_solved_it_may_see_a_worked_solution():
    view = seen(asked(), lambda x: 0 - x)
    assert buttons(view) == {"solution": "Show a worked solution"}
    assert 'hint("f", "solution") shows a worked solution.' in repr(view.main())
    view.press("solution")
    assert "<pre" in solution_panel(view.question)._repr_html_()


def test_every_button_has_a_line_of_code_where_there_are_no_buttons():
    view = seen(asked(), lambda x: x, failures=3)
    view.press("hint")
    text = repr(view.main())
    for command in (
        'hint("f") gives the method',
        'check("f", compare=True)',
        'check("f", part="large")',
        'hint("f", "solution") shows a worked solution',
    ):
        assert command in text


@pytest.mark.parametrize(
    ("answer", "said", "unsaid"),
    [
        (Missing, "`f` is not defined: run the cell above, with your answer in it", "..."),
        (lambda x: ..., "Replace each `...` of `f`", "NotImplementedError"),
        (lambda x: x + ..., "Replace each `...` of `f`", "NotImplementedError"),
    ],
)
def test_a_blank_answer_is_told_what_is_left_in_it(answer, said, unsaid):
    text = repr(seen(asked(), answer).main())
    assert "not answered yet" in text and said in text and unsaid not in text


def test_a_stub_is_told_which_line_to_replace():
    def stub(x):
        raise NotImplementedError

    assert "in place of the line `raise NotImplementedError`" in repr(seen(asked(), stub).main())


def test_rows_are_a_table_and_code_is_set_as_code():
    html = Panel("wrong", "No", (Line("Case", "x"), Line("", "Use `np.where`.")))._repr_html_()
    assert html.count("<tr") == 2 and '<th scope="row"' in html
    assert "<code>np.where</code>" in html
    assert "<code>np.where</code>" in hint_panel(asked(), 1)._repr_html_()


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("np.where fills; then x.mean(axis=0).", "`np.where` fills; then `x.mean(axis=0)`."),
        ("Return d_image, then -count % W zeros.", "Return `d_image`, then `-count % W` zeros."),
        ("Mask: torch.arange(T) < n[:, None].", "Mask: `torch.arange(T) < n[:, None]`."),
        ("Of shape (N, T), e.g. file(s) at 0.75.", "Of shape (N, T), e.g. file(s) at 0.75."),
        ("Use `a_b`, not c_d.", "Use `a_b`, not c_d."),
        ("Which count? One or two (as floats).", "Which count? One or two (as floats)."),
    ],
)  # fmt: skip
def test_code_in_a_sentence_is_found(text, marked):
    assert mark_code(text) == marked


def test_marked_code_is_escaped():
    assert text_to_html("`a < b` & c") == "<code>a &lt; b</code> &amp; c"


def test_the_verdict_of_a_part_can_be_asked_for():
    view = seen(asked(), lambda x: x)
    answer = view.attempt
    panel = verdict_panel(view.question, answer.verdict, answer.observations, part="large")
    assert "Case: large" in repr(panel)
