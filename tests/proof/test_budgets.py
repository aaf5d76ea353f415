"""Budgets of notebooks: their verdict depends on neither the machine nor what else it does."""

from __future__ import annotations

import pytest

from autograder.proof.notebooks.budgets import ActivitySample, Budget, Meter, budget_for, usage_of
from autograder.proof.notebooks.machine_speed import REFERENCE_SECONDS, SpeedSample


def test_budgets():
    assert budget_for("deeper") == Budget(90, 2048)
    assert budget_for("toolbox").seconds == 60
    assert budget_for("lesson") == Budget(60, 2048)
    assert budget_for("assignment") == budget_for("student") == Budget(30, 2048)


IDLE = [SpeedSample(cpu=REFERENCE_SECONDS)]
SLOW = [SpeedSample(cpu=2 * REFERENCE_SECONDS)]
FAST = [SpeedSample(cpu=REFERENCE_SECONDS / 2)]
LOSING = [SpeedSample(cpu=REFERENCE_SECONDS, lost=REFERENCE_SECONDS)]


@pytest.mark.parametrize(
    ("look", "speed", "seconds"),
    [
        (ActivitySample(seconds=46, run=46, waited=0), IDLE, 46),
        # other programs had the core for half of the time
        (ActivitySample(seconds=92, run=46, waited=46), IDLE, 46),
        # two processes on two cores, alone and beside other programs
        (ActivitySample(seconds=23, run=46, waited=0), IDLE, 23),
        (ActivitySample(seconds=46, run=46, waited=46), IDLE, 23),
        # four processes have two cores at most
        (ActivitySample(seconds=46, run=46, waited=138), IDLE, 23),
        # a core that is shared computes at half the speed
        (ActivitySample(seconds=92, run=92, waited=0), SLOW, 46),
        # the machine's host takes half of the time, and no clock of ours says so
        (ActivitySample(seconds=92, run=46, waited=0), LOSING, 46),
        # it sleeps; a machine of twice the speed sleeps as long
        (ActivitySample(seconds=30, run=10, waited=0), IDLE, 30),
        (ActivitySample(seconds=25, run=5, waited=0), FAST, 30),
        # what executes it ran meanwhile
        (ActivitySample(seconds=30, run=10, waited=0, served=15), IDLE, 15),
    ],
)
def test_time_does_not_depend_on_the_machine_nor_on_what_else_runs(look, speed, seconds):
    assert usage_of([look], speed).reference_seconds == pytest.approx(seconds)


def test_the_machines_speed_is_sampled_while_a_notebook_runs(monkeypatch):
    monkeypatch.setattr("autograder.proof.notebooks.budgets.sample", lambda: SLOW[0])
    assert Meter(family=list).stop().slowness == pytest.approx(2)
