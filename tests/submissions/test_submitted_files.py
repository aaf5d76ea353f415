"""Files beside a notebook: all of the course's own, and of a learner's so many as are bearable."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.execution.job import SubmissionLimits, limits_beside
from autograder.submissions.timestamps import timestamp_problem
from autograder.submissions.untrusted_files import copy_files, hash_files, submitted_files


def make_files(folder: Path, count: int, text: str = "x") -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:04}.txt").write_text(text)
    return folder


def make_large(folder: Path, name: str) -> None:
    """A file that is too large to be handed in, and takes no space."""
    with (folder / name).open("wb") as file:
        file.truncate(101 * 2**20)


def test_all_files_of_the_course_are_there(tmp_path):
    own = make_files(tmp_path / "own", 2_100, "ours")
    make_large(own, "big.bin")
    handed_in = make_files(tmp_path / "handed in", 2_100, "theirs")
    (handed_in / "zz.py").write_text("help")
    copy_files([handed_in], tmp_path / "work", [own])
    assert len(list((tmp_path / "work").iterdir())) == 2_102
    assert (tmp_path / "work/2099.txt").read_text() == "ours"
    assert (tmp_path / "work/zz.py").read_text() == "help"
    found, left_out = submitted_files(handed_in, own)
    assert ([str(name) for name, _ in found], left_out) == (["zz.py"], [])


def test_a_program_is_another_file_than_its_text(tmp_path):
    handed_in = make_files(tmp_path / "handed in", 1)
    text = hash_files([handed_in])
    (handed_in / "0000.txt").chmod(0o755)
    program = hash_files([handed_in])
    (handed_in / "0000.txt").chmod(0o644)
    assert (program != text, hash_files([handed_in])) == (True, text)


def test_files_handed_in_beyond_the_limits_are_told(tmp_path):
    many = make_files(tmp_path / "many", 2_001)
    found, left_out = submitted_files(many)
    assert len(found) == 2_000
    assert left_out == [
        "more than 2,000 files were handed in beside the notebook, and the others were left out"
    ]
    large = make_files(tmp_path / "large", 2)
    make_large(large, "big.bin")
    found, left_out = submitted_files(large)
    assert [str(name) for name, _ in found] == ["0000.txt", "0001.txt"]
    assert left_out == [
        "the files beside the notebook have more than 100 MiB: big.bin and others were left out"
    ]


def test_a_submission_may_write_as_much_beside_a_large_course(tmp_path):
    own = make_files(tmp_path / "own", 10)
    make_large(own, "big.bin")
    limits = SubmissionLimits()
    beside = limits_beside(limits, own).resources
    assert beside.scratch_files == limits.resources.scratch_files + 11
    assert beside.scratch_bytes == limits.resources.scratch_bytes + 101 * 2**20 + 10


@pytest.mark.parametrize(
    "text", ["2026-03-01 12:00:00 UTC", "2026-03-01 12:00:00.123456 Europe/Berlin", "", " \n"]
)
def test_times_that_nbgrader_reads(tmp_path, text):
    (tmp_path / "timestamp.txt").write_text(text)
    assert timestamp_problem(tmp_path) == ""


@pytest.mark.parametrize(
    "data, told",
    [
        (b"yesterday evening", "says 'yesterday evening', which is not a time"),
        (b"\xef\xbb\xbf2026-03-01 12:00:00 UTC", "which is not a time"),
        (b"\xff\xfe2\x000\x00", "is not a text"),
        (b"2026-03-01 12:00:00 UTC\n" * 50_000, "is too long to be a time"),
    ],
)
def test_times_that_nobody_reads_are_told_with_what_to_do(tmp_path, data, told):
    (tmp_path / "timestamp.txt").write_bytes(data)
    problem = timestamp_problem(tmp_path)
    assert told in problem
    assert problem.endswith("write it like `2026-03-01 12:00:00 UTC`, or remove the file")


def test_a_time_that_is_no_file_is_told(tmp_path):
    (tmp_path / "timestamp.txt").mkdir()
    assert "is not an ordinary file" in timestamp_problem(tmp_path)
