"""The library of wrong forms: what each makes of a right result, and what is said about it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from lepton_course.authoring import wrong_forms as forms
from lepton_course.exercises import exact

TABLE = np.array([[1.5, -2.0], [0.25, 4.0], [3.0, 7.5]])
ROW = np.array([1.0, 2.0, 3.0])
TENTHS = np.array([0.1, 0.2])  # no float32 is exactly a tenth

WRONG_FORMS = [
    (forms.as_list(), ROW, [1.0, 2.0, 3.0], "in a list"),
    (forms.as_array(), [1, 2], np.array([1, 2]), "in a NumPy array"),
    (forms.as_text(), 14, "14", "the quotes"),
    (forms.in_array(), 2.5, np.array([2.5]), "an array of shape (1,)"),
    (forms.as_int(), np.array([1.5, -2.5]), np.array([1, -2]), "to whole numbers"),
    (forms.as_float(), 3, 3.0, "whole numbers are asked for"),
    (forms.as_float32(), TENTHS, TENTHS.astype(np.float32), "in float32"),
    (forms.as_bool(), np.array([0, 1]), np.array([False, True]), "True and False"),
    (forms.rounded(1), (0.26, [1.84]), (0.3, [1.8]), "rounded"),
    (forms.transposed(), TABLE, TABLE.T, "rows and columns are exchanged"),
    (forms.reversed_order(), [1, 2, 3], [3, 2, 1], "in reverse order"),
    (forms.as_column(), ROW, np.array([[1.0], [2.0], [3.0]]), "a column of shape (N, 1)"),
    (forms.flattened(), TABLE, np.array([1.5, -2.0, 0.25, 4.0, 3.0, 7.5]), "keep its axes"),
    (forms.first_missing(), [1, 2, 3], [2, 3], "first entry of your result is missing"),
    (forms.last_missing(), [1, 2, 3], [1, 2], "last entry of your result is missing"),
    (forms.columns_exchanged(0, 1), TABLE, TABLE[:, ::-1], "columns 0 and 1"),
    (forms.tuple_order((1, 0)), (1, 2), (2, 1), "in the wrong order"),
    (forms.only_value(1), (1, 2), 2, "one of several values"),
    (forms.one_too_many(), (3, [4]), (4, [5]), "one too large"),
    (forms.one_too_few(), 3, 2, "one too small"),
    (forms.negated(), -0.5, 0.5, "right but for its sign"),
    (forms.complement(), 0.25, 0.75, "1 minus it"),
    (forms.in_percent(), 0.25, 25.0, "in percent"),
]


@pytest.mark.parametrize(
    ("form", "right", "wrong", "sentence"),
    WRONG_FORMS,
    ids=lambda value: getattr(value, "name", ""),
)
def test_what_a_wrong_form_makes_of_a_right_result(form, right, wrong, sentence):
    made = form.misconception(lambda: right)
    assert exact().differences(made.implementation(), wrong) == ()
    assert exact().differences(made.implementation(), right) != ()
    assert sentence in made.sentence and "{what}" not in made.sentence


def test_the_library_has_no_form_that_the_table_leaves_out():
    makers = [name for name, value in vars(forms).items() if _is_maker(value)]
    assert len(makers) == len(WRONG_FORMS) + 1  # as_tensor, below


def _is_maker(value):
    return getattr(value, "__annotations__", {}).get("return") == "WrongForm"


def test_a_tensor_for_an_array():
    torch = pytest.importorskip("torch")
    made = forms.as_tensor().misconception(lambda: ROW)
    assert torch.equal(made.implementation(), torch.tensor(ROW))
    assert "end with .numpy()" in made.sentence


@pytest.mark.parametrize(
    ("form", "value"),
    [(forms.as_int(), np.nan), (forms.as_int(), np.inf), (forms.as_float32(), 1e300)],
)
def test_a_number_without_a_counterpart_in_the_wrong_type_warns_of_nothing(form, value):
    made = form.misconception(lambda: np.array([0.1, value]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert made.implementation()[0] == form.change(np.array([0.1]))[0]
