"""Budgets of notebooks: their verdict depends on neither the machine nor what else it does."""

from __future__ import annotations

import pytest

from autograder.proof.notebooks.budgets import Budget, Meter, NotebookUsage, budget_for
from autograder.proof.notebooks.machine_speed import REFERENCE_SECONDS


def test_budgets():
    assert budget_for("basics/05_convolutional_networks", "lesson") == Budget(60, 2048)
    assert budget_for("advanced/02_distributed_training", "lesson").seconds == 90
    assert budget_for("advanced/02_distributed_training", "student").seconds == 30


@pytest.mark.parametrize(
    ("usage", "seconds"),
    [
        (NotebookUsage(wall_seconds=10, cpu_seconds=4), 10),  # it waits for something
        # others were running
        (NotebookUsage(wall_seconds=30, cpu_seconds=12, waited_seconds=18), 12),
        (NotebookUsage(wall_seconds=10, cpu_seconds=16, waited_seconds=9), 8),  # both cores
        # a core that is shared computes at half the speed
        (NotebookUsage(wall_seconds=96, cpu_seconds=92, slowness=2), 48),
        # the machine's host takes half of the time, and neither clock of ours says so
        (NotebookUsage(wall_seconds=92, cpu_seconds=46, slowness=2), 46),
        # a machine of twice the speed computes in half the time, and sleeps as long
        (NotebookUsage(wall_seconds=30, cpu_seconds=20, slowness=0.5), 50),
    ],
)
def test_time_does_not_depend_on_the_machine_nor_on_what_else_runs(usage, seconds):
    assert usage.by_itself == seconds


def test_the_machines_speed_is_sampled_while_a_notebook_runs(monkeypatch):
    monkeypatch.setattr("autograder.proof.notebooks.budgets.sample", lambda: 3 * REFERENCE_SECONDS)
    meter = Meter(family=list)
    assert meter.stop().slowness == pytest.approx(3)
