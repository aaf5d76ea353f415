"""The credit table as it arrives: real applications with drawn faults, each of them marked."""

import numpy as np
import pytest

from lepton_course.datasets import load_dataset, soiled_credit
from lepton_course.datasets.soiled import BLANKS, MONEY


@pytest.fixture(scope="module")
def train():
    return load_dataset("credit").train


@pytest.fixture(scope="module")
def raw(train):
    return soiled_credit(train, seed=1)


def number(raw, name):
    texts = raw.columns[name]
    return np.array([np.nan if text in BLANKS else float(text) for text in texts.tolist()])


def test_same_seed_gives_the_same_table_and_another_seed_another(train, raw):
    again = soiled_credit(train, seed=1)
    assert all(np.array_equal(again.columns[name], raw.columns[name]) for name in raw.columns)
    assert not np.array_equal(soiled_credit(train, seed=2).columns["age"], raw.columns["age"])


def test_every_cell_is_text_and_every_customer_is_there(train, raw):
    assert all(column.dtype.kind == "U" for column in raw.columns.values())
    assert set(raw.origin.tolist()) == set(range(len(train)))
    assert list(raw.columns["received"]) == sorted(raw.columns["received"])


def test_a_row_without_faults_is_the_clean_one(train, raw):
    sound = ~np.any(list(raw.faults.values()), axis=0)
    clean = train[raw.origin[sound]]
    assert sound.sum() > 500
    for name in train.info.numbers:
        assert np.allclose(number(raw[sound], name), clean.column(name), equal_nan=True)
    for name in ("marital", "records", "job"):
        assert np.array_equal(raw[sound].columns[name], clean.column(name))
    assert np.array_equal(raw[sound].columns["outcome"] == "bad", clean.labels == 1)


def test_one_branch_reports_money_in_single_units(train, raw):
    rows = raw.faults["single units"] & ~raw.faults["impossible"] & ~raw.faults["reapplied"]
    for name in MONEY:
        there = number(raw, name)[rows] / 1000
        known = ~np.isnan(there)
        assert np.allclose(there[known], train.column(name)[raw.origin[rows]][known])
    assert set(raw.columns["branch"][raw.faults["single units"]]) == {"north"}


def test_low_incomes_are_withheld_more_often(train, raw):
    income = train.column("income")[raw.origin]
    low = income < np.nanquantile(income, 0.25)
    withheld = raw.faults["withheld"]
    assert withheld[low].mean() > 0.5 > 0.1 > withheld[~low].mean()
    assert np.isnan(number(raw, "income")[withheld]).all()


def test_resent_rows_repeat_the_row_before_them(raw):
    places = np.flatnonzero(raw.faults["resent"])
    assert len(places) > 50
    for column in raw.columns.values():
        assert np.array_equal(column[places], column[places - 1])


def test_reminders_know_the_outcome(raw):
    says = number(raw, "reminders") >= 3
    assert np.mean(says == (raw.columns["outcome"] == "bad")) > 0.98


def test_tables_can_be_divided_and_shown(raw):
    part = raw[raw.columns["branch"] == "east"]
    assert len(part) == len(part.faults["resent"]) < len(raw)
    assert "received" in repr(part) and f"{len(part)} rows" in part._repr_html_()
