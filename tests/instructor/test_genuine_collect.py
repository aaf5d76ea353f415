"""What is collected from an exchange to which everybody may write."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.instructor import genuine_collect
from autograder.instructor.genuine_collect import is_genuine


@pytest.fixture
def submission(tmp_path) -> Path:
    """A complete submission, handed in by whoever runs the tests."""
    folder = tmp_path / "ada+sums+2026-03-05 12:00:00 UTC+x"
    folder.mkdir()
    (folder / "assignment.ipynb").write_text("{}")
    (folder / "timestamp.txt").write_text("2026-03-05 12:00:00 UTC")
    return folder


@pytest.fixture
def accounts(monkeypatch):
    """Accounts of this machine by name; the grader's own is 1000."""
    numbers = {}
    monkeypatch.setattr(genuine_collect, "_account_number", numbers.get)
    monkeypatch.setattr(genuine_collect, "_my_number", lambda: 1000)
    return numbers


def test_work_of_the_account_of_that_name_is_genuine(submission, accounts):
    accounts["ada"] = submission.stat().st_uid
    assert is_genuine("ada", submission)


def test_work_of_another_account_is_not(submission, accounts):
    accounts["ada"] = submission.stat().st_uid + 1
    assert not is_genuine("ada", submission)


def test_where_students_have_no_accounts_the_owner_says_nothing(submission, accounts):
    assert is_genuine("ada", submission)


def test_where_all_who_hand_in_have_accounts_nobodys_work_is_not_genuine(
    submission, accounts, monkeypatch
):
    monkeypatch.setenv("LEPTON_OWNERS", "known")
    assert not is_genuine("ada", submission)
    monkeypatch.setattr(genuine_collect, "_my_number", lambda: submission.stat().st_uid)
    assert is_genuine("ada", submission), "the instructor put it there"


def test_what_the_instructor_puts_there_for_somebody_is_genuine(submission, accounts, monkeypatch):
    accounts["ada"] = submission.stat().st_uid + 1
    monkeypatch.setattr(genuine_collect, "_my_number", lambda: submission.stat().st_uid)
    assert is_genuine("ada", submission)


def test_work_that_is_still_being_copied_is_not(submission, accounts):
    (submission / "timestamp.txt").unlink()
    assert not is_genuine("ada", submission)


def test_a_link_to_somebodys_work_is_not(submission, accounts, tmp_path):
    accounts["ada"] = submission.stat().st_uid
    link = tmp_path / "ada+sums+2027-03-05 12:00:00 UTC+y"
    link.symlink_to(submission)
    assert not is_genuine("ada", link)
