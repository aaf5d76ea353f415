"""What differs in a case, as data and in words: several values by name, side effects, sharing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch

from lepton_course.checks.figures import exhibit
from lepton_course.checks.messages import differences_in_words
from lepton_course.exercises import Call, Case, Exercise, Misconception, Value, close, exact
from lepton_course.exercises.case_differences import case_differences
from lepton_course.exercises.compiled import (
    compile_exercise,
    question_from_tree,
    question_to_tree,
)
from lepton_course.exercises.differences import (
    Aliased,
    ChangedInput,
    Kind,
    NotSeen,
    WrongElements,
    WrongKind,
    WrongLength,
    WrongPrediction,
    WrongValue,
)
from lepton_course.exercises.judge import judge
from lepton_course.exercises.probes import Observation
from lepton_course.exercises.values import shared_arguments


def question_of(reference, *args, probe=None, compare=None, **options):
    return compile_exercise(
        Exercise(
            "answer", "A title", 1, 1, 1, reference, lambda rng: [Case("one", args)],
            probe or Call(), compare or close(), **options,
        )
    )  # fmt: skip


def differences_of(question, answer):
    return case_differences(question, 0, question.probe.observe(answer, question.cases[0]))


def words_for(question, answer):
    return differences_in_words(question, differences_of(question, answer))


def gradients(image, kernel):
    """d_image like image, d_kernel like kernel."""
    return 2 * image, 3 * kernel


@pytest.fixture
def several():
    return question_of(gradients, np.ones(2), np.ones(3), returns=("d_image", "d_kernel"))


def test_the_values_of_a_result_are_told_by_name(several):
    found = differences_of(several, lambda image, kernel: (image, 3 * kernel))
    assert found == (WrongElements((0,), 2.0, 1.0, nearly=False, mask=None, where=(0,)),)
    assert found[0].mask.tolist() == [True, True] and found[0].count == 2
    assert words_for(several, lambda image, kernel: (image, 3 * kernel)) == (
        "`d_image`: at [0]: expected 2, got 1 (2 of 2 values differ)"
    )


def test_all_values_that_are_wrong_are_told(several):
    said = words_for(several, lambda image, kernel: (kernel, image.sum()))
    assert said == (
        "`d_image`: expected shape (2,), got shape (3,); "
        "`d_kernel`: expected a NumPy array, got a float (2)"
    )


def test_one_value_in_place_of_several_is_asked_for_all_by_name(several):
    found = differences_of(several, lambda image, kernel: (2 * image,))
    assert isinstance(found[0], WrongLength)
    said = words_for(several, lambda image, kernel: (2 * image,))
    assert said.startswith("expected 2 values `d_image`, `d_kernel`, got 1: ")


def test_numbers_are_told_by_name_too():
    asked = question_of(lambda: (3, 5), returns=("rows", "columns"))
    assert words_for(asked, lambda: (3, 4)) == "`columns`: expected 5, got 4"
    assert words_for(question_of(lambda: (3, 5)), lambda: (3, 4)) == "expected (3, 5), got (3, 4)"


def test_a_figure_of_one_of_several_values_has_its_name(several):
    seen = several.probe.observe(lambda image, kernel: (2 * image, kernel), several.cases[0])
    figure = exhibit(several, 0, seen, case_differences(several, 0, seen))
    assert figure.text.startswith("`d_kernel`, all 3 values differ")


def test_a_long_list_is_told_by_its_first_wrong_item():
    asked = question_of(lambda: list(range(100)))
    said = words_for(asked, lambda: [*range(50), 0, *range(51, 100)])
    assert said == "at [50]: expected 50, got 0 (1 of 100 values differ)"


def test_a_wrong_result_and_a_changed_input_are_both_told():
    def careless(values):
        values *= 0
        return values.copy()

    asked = question_of(lambda values: values + 1, np.ones(2))
    found = differences_of(asked, careless)
    assert [type(d) for d in found] == [WrongElements, ChangedInput]
    assert found[1].names == ("values",)
    said = words_for(asked, careless)
    assert "expected 2, got 0" in said
    assert "; the function changed its own input `values`; work on a copy" in said


def test_an_exercise_that_asks_for_something_new_sees_its_input_come_back():
    def clipped(values):
        return np.clip(values, -9, 9)

    asked = question_of(clipped, np.ones(3), probe=Call(fresh=True))
    assert differences_of(asked, clipped) == ()
    for answer in (
        lambda values: values,
        lambda values: values[:],
        lambda values: values.reshape(3),
    ):
        assert differences_of(asked, answer) == (Aliased(("values",)),)
    assert "shares its memory with the input `values`; make a copy" in words_for(
        asked, lambda values: values
    )
    assert differences_of(question_of(clipped, np.ones(3)), lambda values: values) == ()


@pytest.mark.parametrize(
    ("result", "shared"),
    [
        (lambda a, t, items: a.T, [0]),
        (lambda a, t, items: {"x": [a[1:]]}, [0]),
        (lambda a, t, items: t.view(-1), [1]),
        (lambda a, t, items: t.numpy(), [1]),
        (lambda a, t, items: torch.from_numpy(a), [0]),
        (lambda a, t, items: (items, 3), ["items"]),
        (lambda a, t, items: items[0], ["items"]),
        (lambda a, t, items: (a.copy(), t.clone(), list(items)[:0]), []),
        (lambda a, t, items: (a + 0, t * 1, 5, "x", None), []),
    ],
)
def test_which_arguments_a_result_shares(result, shared):
    a, t, items = np.ones((2, 2)), torch.ones(2, 2), [[1], [2]]
    assert shared_arguments(result(a, t, items), (a, t), {"items": items}) == shared


def test_a_reference_that_hands_back_its_input_cannot_ask_for_something_new():
    with pytest.raises(ValueError, match="hands back its own input"):
        question_of(lambda values: values, np.ones(2), probe=Call(fresh=True))


@pytest.mark.parametrize("sent", [{"a": 1}, [99], [-1, 0.5, None], "x", None, ["other"], [[0]]])
def test_made_up_reports_of_sharing_are_wrong_and_name_nothing(sent):
    asked = question_of(lambda values: values + 1, np.ones(2), probe=Call(fresh=True))
    seen = {**asked.expected[0].seen, "aliased": sent}
    assert case_differences(asked, 0, Observation(seen=seen)) == (Aliased(()),)


@pytest.mark.parametrize("sent", [[], {"a": 1}, [[], []], [[1, 2, 3], {}], "x", [{}, []]])
def test_made_up_reports_of_changed_inputs_are_wrong(sent):
    asked = question_of(lambda values: values + 1, np.ones(2))
    seen = {**asked.expected[0].seen, "arguments": sent}
    [found] = case_differences(asked, 0, Observation(seen=seen))
    assert isinstance(found, ChangedInput)


def test_what_was_not_seen_counts_only_when_nothing_else_differs():
    asked = question_of(lambda values: values + 1, np.ones(2))
    assert case_differences(asked, 0, Observation()) == (NotSeen(aspect="result"),)
    partly = Observation(seen={"result": 3.0})
    [found] = case_differences(asked, 0, partly)
    assert found == WrongKind(Kind("ndarray"), Kind("float"), 3.0)


def prediction(right):
    return question_of(right, probe=Value(), compare=exact())


@pytest.mark.parametrize(
    ("right", "predicted"),
    [
        (14, 14.0),
        (14, np.float32(14)),
        (14, np.int64(14)),
        (14, Fraction(28, 2)),
        ((26, 26), (26.0, np.int32(26))),
        (0.25, Fraction(1, 4)),
        (0.25, Decimal("0.25")),
        (2.0, 2),
    ],
)
def test_a_right_number_of_another_type_is_a_right_prediction(right, predicted):
    assert differences_of(prediction(right), predicted) == ()


@pytest.mark.parametrize(("right", "predicted"), [(14, 14.5), (1, True), (14, "14"), (14, 1e400)])
def test_what_is_not_the_number_asked_for_is_wrong(right, predicted):
    [found] = differences_of(prediction(right), predicted)
    assert isinstance(found, WrongPrediction)


def test_a_function_that_should_give_a_whole_number_is_not_excused():
    asked = question_of(lambda: 14)
    assert differences_of(asked, lambda: 14.0) == (WrongKind(Kind("int"), Kind("float"), 14.0),)


def test_a_number_beyond_all_floats_is_wrong_and_does_no_harm():
    [found] = differences_of(question_of(lambda: 1.0), lambda: Fraction(10**400))
    assert found == WrongKind(Kind("float"), Kind("Fraction", opaque=True))
    asked = question_of(lambda: 1.0)
    assert differences_of(asked, lambda: 10**400) == (WrongValue(1.0, 10**400),)
    assert words_for(asked, lambda: 10**9999) == (
        "expected 1, got a whole number of about 9999 digits"
    )


def test_a_dots_left_in_a_calculation_is_said_to_be_left_in():
    asked = question_of(lambda x: x + 1, 1.0)
    assert "a `...` is left, at the line" in words_for(asked, lambda x: x + ...)


def test_checks_that_an_older_version_compiled_are_read():
    mistake = Misconception("kept", lambda values: values * 1, "You kept the values.")
    asked = question_of(lambda values: values + 1, np.ones(2), misconceptions=[mistake])
    tree = question_to_tree(asked)
    del tree["returns"]
    del tree["probe"]["fresh"]
    older = question_from_tree(tree)
    assert older.returns == () and older.probe == Call()
    seen = [older.probe.observe(lambda values: values + 1, older.cases[0])]
    assert judge(older, seen).passed
    assert replace(older, mistakes=()).mistakes == ()
