"""The queue of jobs against a small model: fairness, quotas, leases, retries, cancelling."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from small_hub import PEOPLE, small_hub
from sqlalchemy import select

from lepton_hub.database.moments import now
from lepton_hub.jobs.fairness import PoolLoad, Quota, WaitingJob, next_job
from lepton_hub.jobs.job_asking import ask_for_job
from lepton_hub.jobs.job_queue import (
    LeaseLost,
    UsedResources,
    cancel_job,
    claim_job,
    finish_job,
    give_back,
    record_use,
    renew_lease,
    take_back_lost,
)
from lepton_hub.jobs.job_settings import JobSettings
from lepton_hub.jobs.job_tables import ComputeJob
from lepton_hub.jobs.job_types import RANKS, JobState, NewJob
from lepton_hub.jobs.pool_queries import Capacity

RULES = JobSettings(Path("unused"), running=2, processor_hours=1, attempts=3, lease=10, back_off=4)
ANY = Capacity(10**6, 2**60)


# ── The model ─────────────────────────────────────────────────────────────────────────────────
@dataclass
class ModelJob:
    share: str
    account: str
    rank: int
    state: str = "queued"
    attempt: int = 0
    lost: int = 0
    not_before: float = 0.0
    leases: dict[int, dict] = field(default_factory=dict)  # until, open, used, measured


def goes_next(jobs: list[ModelJob], clock: float) -> int | None:
    """Which job a worker gets: few lines, slow, and clear."""
    leases = [(job, lease) for job in jobs for lease in job.leases.values()]
    used = lambda name, key: sum(  # noqa: E731
        one["used"] for job, one in leases
        if getattr(job, key) == name and one["measured"] > clock - 86_400
    )  # fmt: skip
    runs = lambda name, key: sum(  # noqa: E731
        one["open"] for job, one in leases if getattr(job, key) == name
    )
    may = [
        number for number, job in enumerate(jobs)
        if job.state == "queued" and job.not_before <= clock
        and runs(job.account, "account") < 2 and used(job.account, "account") < 3600
    ]  # fmt: skip
    best = {}
    for number in may:
        rank = best.get(jobs[number].share, (2, 0))
        best[jobs[number].share] = min(rank, (-jobs[number].rank, number))
    order = [(used(s, "share"), runs(s, "share"), number) for s, (_, number) in best.items()]
    return min(order)[2] if order else None


# ──────────────────────────────────────────────────────────────────────────────────────────────
ASKERS = {
    "ada": (None, "engines", "organisation analytical"),
    "bose": ("particles", "particles", "organisation analytical"),
    "curie": (None, "particles", "organisation quantum"),
    "dora": (None, "~dora", "~dora"),
}
numbers = st.integers(0, 3)


class Pool(RuleBasedStateMachine):
    """People ask, workers come, die and come back; after each step both sides agree."""

    @initialize()
    def start(self):
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.hub = self.stack.enter_context(small_hub(folder))
        self.hub.make("ada", "engines/code", "code")
        self.hub.add("ada", "engines/code", {"a.py": b""})
        self.hub.grant("ada", "engines/code", "everybody", "", "contribute")
        self.people = {person.name: person for person in PEOPLE}
        self.begun, self.clock = now() + timedelta(days=2), 0.0
        self.jobs: list[ModelJob] = []
        self.leases: list[tuple[int, object]] = []

    @property
    def moment(self):
        return self.begun + timedelta(seconds=self.clock)

    def transaction(self):
        return self.hub.state.sessions.begin()

    @rule(who=st.sampled_from(sorted(ASKERS)), priority=st.sampled_from(sorted(RANKS)))
    def ask(self, who, priority):
        team, share, account = ASKERS[who]
        told = NewJob(program="engines/code@1", result="engines/code", priority=priority, team=team)
        with self.transaction() as session:
            job = ask_for_job(session, self.people[who], told, RULES)
            job.not_before = self.begun - timedelta(days=1)
        assert (job.share, job.account) == (share, account)
        self.jobs.append(ModelJob(share, account, RANKS[priority]))

    @rule(later=st.sampled_from([0.0, 20.0]))
    def claim(self, later):
        self.clock += later
        self.take_back()
        expected = goes_next(self.jobs, self.clock)
        with self.transaction() as session:
            take_back_lost(session, RULES, self.moment)
            lease = claim_job(session, "w", ANY, RULES, self.moment)
        assert (lease.job_id - 1 if lease else None) == expected
        if lease:
            job = self.jobs[expected]
            job.state = "running"
            job.attempt += 1
            assert lease.attempt == job.attempt
            until = self.clock + RULES.lease
            job.leases[job.attempt] = {"until": until, "open": True, "used": 0.0}
            job.leases[job.attempt]["measured"] = self.clock
            self.leases.append((expected, lease))

    def take_back(self):
        for job in self.jobs:
            for number, lease in job.leases.items():
                if lease["open"] and lease["until"] < self.clock:
                    lease["open"] = False
                    if job.state == "running" and job.attempt == number:
                        self.again(job)

    def again(self, job, counts=True):
        job.lost += counts
        if job.lost >= RULES.attempts:
            job.state = "gave up"
        else:
            job.state = "queued"
            if counts:
                job.not_before = self.clock + RULES.back_off * job.lost

    def some_lease(self, number):
        found, lease = self.leases[-1 - number % len(self.leases)]
        job = self.jobs[found]
        return job, lease, job.state == "running" and job.attempt == lease.attempt

    def change(self, lease, holds, work):
        """What a worker does with its lease succeeds exactly if it holds the job."""
        try:
            with self.transaction() as session:
                work(session, lease)
        except LeaseLost:
            assert not holds
        else:
            assert holds

    @rule(number=numbers)
    def renew(self, number):
        if self.leases:
            job, lease, holds = self.some_lease(number)
            self.change(lease, holds, lambda s, one: renew_lease(s, one, RULES, self.moment))
            if holds:
                job.leases[lease.attempt]["until"] = self.clock + RULES.lease

    @rule(number=numbers, state=st.sampled_from([JobState.SUCCEEDED, JobState.FAILED]))
    def finish(self, number, state):
        if self.leases:
            job, lease, holds = self.some_lease(number)
            self.change(lease, holds, lambda s, one: finish_job(s, one, state, "", self.moment))
            if holds:
                job.state = state.value
                job.leases[lease.attempt]["open"] = False

    @rule(number=numbers, counts=st.booleans())
    def return_it(self, number, counts):
        if self.leases:
            job, lease, holds = self.some_lease(number)
            self.change(
                lease, holds, lambda s, one: give_back(s, one, RULES, "", self.moment, counts)
            )
            if holds:
                job.leases[lease.attempt]["open"] = False
                self.again(job, counts)

    @rule(number=numbers, seconds=st.sampled_from([1.0, 50.0, 3600.0]))
    def use(self, number, seconds):
        if self.leases:
            job, lease, _ = self.some_lease(number)
            one = job.leases[lease.attempt]
            one["used"] += seconds
            one["measured"] = self.clock
            with self.transaction() as session:
                record_use(session, lease, UsedResources(one["used"], 7), self.moment)

    @rule(number=numbers)
    def cancel(self, number):
        if self.jobs:
            place = number % len(self.jobs)
            job = self.jobs[place]
            with self.transaction() as session:
                cancel_job(session, place + 1, "ada", "", self.moment)
            if job.state in ("queued", "running"):
                job.state = "cancelled"

    @rule(seconds=st.sampled_from([1.0, 5.0, 11.0, 50_000.0]))
    def wait(self, seconds):
        self.clock += seconds

    @invariant()
    def both_agree(self):
        if hasattr(self, "hub"):
            with self.transaction() as session:
                rows = session.scalars(select(ComputeJob).order_by(ComputeJob.id)).all()
            told = [(row.state, row.attempt, row.lost) for row in rows]
            assert told == [(job.state, job.attempt, job.lost) for job in self.jobs]

    def teardown(self):
        if hasattr(self, "hub"):
            ends = [entry.subject for entry in self.hub.log(action="job.end", limit=10_000)]
            assert len(ends) == len(set(ends))
            self.stack.close()


TestPool = Pool.TestCase
TestPool.settings = settings(
    max_examples=8, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_shares_take_turns_whatever_they_ask_for():
    """One team asks for a hundred jobs, another for ten: each gets half of the time."""
    waiting = [WaitingJob(n, "many", "a") for n in range(100)]
    waiting += [WaitingJob(n, "few", "b") for n in range(100, 110)]
    seconds = {"many": 0.0, "few": 0.0}
    order = []
    while len(order) < 20:
        job = next_job(waiting, PoolLoad(seconds=seconds), Quota(9, 1e9))
        waiting.remove(job)
        order.append(job.share)
        seconds[job.share] += 60.0
    assert order == ["many", "few"] * 10


def test_only_the_newest_lease_counts(tmp_path):
    """The first worker comes back while the second one runs the job."""
    with small_hub(tmp_path) as hub:
        hub.make("ada", "engines/code", "code")
        hub.add("ada", "engines/code", {"a.py": b""})
        told = {"program": "engines/code@1", "result": "engines/code"}
        assert hub.post("ada", "/train", told).status_code == 202
        moment, leases = now(), []
        for seconds in (0, 11, 22):  # claimed; silent for too long; claimed by another one
            later = moment + timedelta(seconds=seconds)
            with hub.state.sessions.begin() as session:
                take_back_lost(session, RULES, later)
                leases.append(claim_job(session, "w", ANY, RULES, later))
        first, none, second = leases
        assert none is None
        ways = [
            lambda session: renew_lease(session, first, RULES, later),
            lambda session: finish_job(session, first, JobState.SUCCEEDED, "", later),
            lambda session: give_back(session, first, RULES, "", later),
        ]
        for way in ways:
            with pytest.raises(LeaseLost), hub.state.sessions.begin() as session:
                way(session)
        with hub.state.sessions.begin() as session:
            finish_job(session, second, JobState.SUCCEEDED, "", later)
        assert len(hub.log(action="job.end")) == 1


@pytest.mark.parametrize("asked", ["processors", "memory"])
def test_a_worker_takes_only_what_it_can_run(tmp_path, asked):
    with small_hub(tmp_path) as hub:
        hub.make("ada", "engines/code", "code")
        hub.add("ada", "engines/code", {"a.py": b""})
        told = {"program": "engines/code@1", "result": "engines/code"}
        limits = {"processors": 1, "memory": 2**30, "seconds": 5}
        assert hub.post("ada", "/train", {**told, "limits": limits}).status_code == 202
        small = {"processors": Capacity(0, 2**40), "memory": Capacity(9, 2**29)}[asked]
        for capacity, found in ((small, False), (Capacity(1, 2**30), True)):
            with hub.state.sessions.begin() as session:
                lease = claim_job(session, "w", capacity, RULES, now())
            assert bool(lease) is found
