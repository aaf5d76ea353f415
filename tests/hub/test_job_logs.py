"""What a job's log keeps of many attempts, and how it is read on."""

from __future__ import annotations

import pytest
from pool_hub import pool_hub
from sqlalchemy import func, select

from lepton_hub.jobs import job_log
from lepton_hub.jobs.job_log import CUT, begin_attempt, read_log, write_log
from lepton_hub.jobs.job_tables import ComputeJob, JobLogPiece


@pytest.fixture
def pool(tmp_path, monkeypatch):
    monkeypatch.setattr(job_log, "HEAD_BYTES", 100)
    monkeypatch.setattr(job_log, "TAIL_BYTES", 50)
    with pool_hub(tmp_path) as pool:
        assert pool.ask(pool.program({"a.py": ""})).status_code == 202
        yield pool


def whole(session, job: ComputeJob, most: int) -> str:
    """Return a log as it is read, part by part."""
    text, place = "", 0
    while place < job.log_bytes:
        part, place = read_log(session, job, place, most)
        assert part
        text += part
    return text


def attempt(session, job: ComputeJob, number: int, lines: int) -> None:
    job.attempt = number
    begin_attempt(session, job)
    for line in range(lines):
        write_log(session, job, f"é{number}.{line}\n")


@pytest.mark.parametrize("most", [10, 64, 10_000])
def test_of_many_attempts_the_first_and_the_last_words_before_the_newest_are_kept(pool, most):
    with pool.hub.state.sessions.begin() as session:
        [job] = session.scalars(select(ComputeJob))
        kept = []
        for number in range(1, 40):
            attempt(session, job, number, lines=30)
            kept.append(session.scalar(select(func.sum(func.length(JobLogPiece.text)))))
        text = whole(session, job, most)
        assert max(kept) == kept[-1] < 500, "it grows no more"
        assert text.startswith("é1.0\né1.1\n")
        assert text.count(CUT) == 1
        before, after = text.split(CUT)
        assert before.endswith("\n") and "— attempt 38 —" not in text
        assert "é38.29\n\n— attempt 39 —\né39.0\n" in after
        assert after.endswith("é39.29\n")


def test_who_reads_a_log_on_misses_nothing_of_the_newest_attempt(pool):
    with pool.hub.state.sessions.begin() as session:
        [job] = session.scalars(select(ComputeJob))
        attempt(session, job, 1, lines=40)
        place = 60
        attempt(session, job, 2, lines=40)
        _, place = read_log(session, job, 150, 10)
        attempt(session, job, 3, lines=40)
        text = ""
        while place < job.log_bytes:
            part, place = read_log(session, job, place)
            text += part
        assert text.endswith("".join(f"é3.{line}\n" for line in range(40)))


def test_a_log_ends_before_its_places_are_no_numbers_of_the_database(pool, monkeypatch):
    monkeypatch.setattr(job_log, "MOST_PLACE", 1000)
    with pool.hub.state.sessions.begin() as session:
        [job] = session.scalars(select(ComputeJob))
        for number in range(1, 40):
            attempt(session, job, number, lines=30)
        assert 1000 <= job.log_bytes < 1100
