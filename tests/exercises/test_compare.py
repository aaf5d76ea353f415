"""Comparisons: what differs between two values, and how it is said."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lepton_course.checks.messages import describe, differences_in_words
from lepton_course.exercises import Call, Case, Exercise, Value, accuracy, close, exact
from lepton_course.exercises.case_differences import case_differences
from lepton_course.exercises.compiled import compile_exercise
from lepton_course.exercises.differences import TooFewRight, WrongDtype, WrongShape
from lepton_course.exercises.values import Opaque


def question_of(reference, probe=None, **options):
    """A question of one case without arguments."""
    asked = Exercise(
        "it", "It", 0, 1, 1, reference, lambda _: [Case("it")], probe or Call(), close(), **options
    )
    return compile_exercise(asked)


@pytest.mark.parametrize(
    ("value", "expected", "words"),
    [
        (2.0, 2, "expected a whole number, got a float (2)"),
        (True, 1, "expected a whole number, got a bool"),
        ((3, 4), (4, 3), "expected (4, 3), got (3, 4)"),
        ([1], (1, 2), "expected 2 values"),
        ((3, 4.0), (3, 4), "value 1: expected a whole number, got a float (4)"),
        (np.zeros((2, 3)), np.zeros((3, 2)), "expected shape (3, 2), got shape (2, 3)"),
        (np.zeros(2, int), np.zeros(2), "expected dtype float64, got dtype int64"),
        (np.array(["a", "b"]), np.zeros(2, int), "expected dtype int64, got dtype text"),
        (np.zeros(2), torch.zeros(2), "expected a torch tensor, got a NumPy array"),
        (Opaque("an array of objects"), np.zeros(1), "got an array of objects"),
        (np.array([1.0, np.nan]), np.array([1.0, 2.0]), "at [1]: expected 2, got nan (1 of 2"),
        (np.array([0.33]), np.array([0.3333]), "(1 of 1 values differ, all by less than 1 %: is"),
        ({"a": 1}, {"b": 1}, "expected the keys ['b'], got ['a']"),
        ("cat", "dog", "expected 'dog', got 'cat'"),
        (None, 1.0, "expected a float, got None"),
    ],
)
def test_differences_in_words(value, expected, words):
    asked = question_of(lambda: expected)
    assert words in differences_in_words(asked, close().differences(value, expected))


def test_small_arrays_are_shown_whole_and_large_ones_by_shape():
    assert describe(np.arange(3)) == "[0, 1, 2]"
    assert (describe(-0.0), describe(-2.5)) == ("0", "-2.5")
    assert describe(np.zeros((480, 196), np.uint8), limit=400) == "of shape (480, 196), uint8"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2, 2.0),
        ([1, 2], (1, 2)),
        (1.0 + 1e-9, 1.0),
        (np.float32([1, 2]), np.float64([1, 2])),
        (np.array([np.nan]), np.array([np.nan])),
        (np.array([True]), np.array([True])),
    ],
)
def test_equal_values_have_no_difference(value, expected):
    assert close().differences(value, expected) == ()


def test_exact_means_exact():
    assert exact().differences(1.0 + 1e-9, 1.0)


NUMBERS = [0.0, -0.0, 1.0, 1.0 + 1e-9, -1.0, 1e-7, 1e300, -1e300, np.inf, -np.inf, np.nan]


@pytest.mark.parametrize("compare", [close(), exact(), close(rtol=0.01, atol=0.0)])
def test_a_number_is_compared_as_an_array_of_it_is(compare):
    for value in NUMBERS:
        for expected in NUMBERS:
            alone = compare.differences(float(value), float(expected)) == ()
            in_array = compare.differences(np.array([value]), np.array([expected])) == ()
            assert alone == in_array, (value, expected)


def test_the_very_dtype_counts_only_where_it_is_asked_for():
    pixels = np.array([1, 2], np.uint8)
    assert exact().differences(pixels.astype(int), pixels) == ()
    found = exact(same_dtype=True).differences(pixels.astype(int), pixels)
    assert found == (WrongDtype("uint8", "int64"),)


def test_where_a_float_is_asked_for_a_whole_number_may_be_the_same_mistake():
    assert close().alike(6.0, 6, expected=2.0)
    assert not close().alike(6.0, 6, expected=2)


def test_accuracy_has_a_band_and_knows_like_answers():
    labels = np.arange(10)
    ninety = np.where(labels == 0, 5, labels)
    assert accuracy(0.9).differences(ninety, labels) == ()
    [found] = accuracy(0.95).differences(ninety, labels)
    assert found == TooFewRight(0.9, 0.95)
    said = differences_in_words(question_of(lambda: labels), (found,))
    assert said == "90.0% of the labels are right; at least 95% are needed"
    assert accuracy(0.95).alike(ninety, ninety[::1].copy(), labels)
    assert not accuracy(0.95).alike(ninety, labels + 1, labels)
    assert accuracy(0.95).alike(labels * 0, labels * 0 + 1, labels)
    assert not accuracy(0.95).alike(labels * 0, np.roll(labels, 1), labels)  # both guess
    assert accuracy(0.95).alike(labels[:1] + 1, labels[:1], labels[:1])
    assert accuracy(0.9).differences(np.zeros((10, 3)), labels) == (WrongShape((10,), (10, 3)),)


@pytest.mark.parametrize(
    ("labels", "predicted", "words"),
    [
        ([1, 1, 1, 0, 0, 0], [0, 0, 1, 0, 1, 0], "0 stands where 1 is right (2 of 3 times)"),
        ([1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 1], "1 stands where 0 is right (3 of 3 times)"),
        ([2, 2, 5, 5, 7, 7], [2, 5, 7, 7, 7, 2], "7 stands where 5 is right (2 of 2 times)"),
        ([True, True, False], [False, False, False], "0 stands where 1 is right (2 of 2 times)"),
    ],
)
def test_the_label_that_is_wrong_most_often_is_named(labels, predicted, words):
    [found] = accuracy(0.9).differences(np.array(predicted), np.array(labels))
    assert differences_in_words(question_of(lambda: labels), (found,)).endswith(words)


def test_labels_whose_errors_have_nothing_in_common_are_only_counted():
    [found] = accuracy(0.9).differences(np.array([0, 2, 1]), np.array([0, 1, 2]))
    assert found.confusion is None


@pytest.mark.parametrize(
    ("right", "predicted", "words"),
    [
        ((26, 26), (28, 28), "(28, 28) is not the answer"),
        ((26, 26), (26,), "(26,) is not the answer"),
        ((26, 26), "26 x 26", "expected a tuple, got a string"),
        ((26, 26), (26, 25.5), "value 1: expected a whole number, got a float (25.5)"),
        (0.25, 4, "4 is not the answer"),
        ("c", "a", "'a' is not the answer"),
        ("c", "C", "got 'C'; write the letter in lower case"),
        ("c", "less than half", "got 'less than half'; answer with the letter of a choice"),
        ("c", 0.5, "got 0.5; answer with the letter of a choice"),
    ],
)
def test_a_wrong_prediction_is_not_told_the_right_one(right, predicted, words):
    asked = question_of(right, Value())
    found = case_differences(asked, 0, Value().observe(predicted, asked.cases[0]))
    assert differences_in_words(asked, found).startswith(words)
