"""Each limit holds in each mode, for root and for others, however somebody tries to get around it.

An attack ends in one of two ways: the kernel refuses or kills it, or the watcher stops it. One that
runs out undisturbed has won.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from limit_attacks import ATTACKS, FOR_THE_FILTER
from within_walls import attack_within, small_world

from autograder.sandbox import resource_usage
from autograder.sandbox.walls import Walls, survey

MODES = {
    "all walls": Walls(),
    "no Landlock": Walls(landlock=False),
    "no namespaces": Walls(namespaces=False),
    "no filter": Walls(system_calls=False),
}
TRIED = [("all walls", "root"), ("no Landlock", "nobody"), ("no filter", "nobody")]
TRIED += [("no namespaces", "root"), ("no namespaces", "nobody")]
if os.geteuid() != 0:
    TRIED = [(mode, "user") for mode in MODES]

pytestmark = [
    pytest.mark.attack,
    pytest.mark.skipif(survey().walls != Walls(), reason=f"walls are missing: {survey().problems}"),
]


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lepton-") as name:
        os.chmod(name, 0o755)
        yield Path(name, "scratch")


@pytest.mark.parametrize(("mode", "user"), TRIED)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_a_limit_cannot_be_got_around(attack, mode, user, folder, monkeypatch):
    if attack in FOR_THE_FILTER and not MODES[mode].system_calls:
        pytest.skip("only the filter stops it")
    began = time.monotonic()
    # Space that other programs free just then hides that the disk fills up: time decides then.
    monkeypatch.setattr(resource_usage, "IN_FLIGHT_MOST", 40)
    # What another limit is to stop has time enough to reach it, also on a busy machine.
    cpu_seconds = 2 if ATTACKS[attack] in ("", "SIGKILL", "processor time") else 20
    world = small_world(folder, MODES[mode], cpu_seconds)
    ending = attack_within(world, attack, user == "nobody")
    assert ending.stopped or ending.refused
    assert "ran longer" not in ending.stopped
    assert ATTACKS[attack] in ending.stopped + ending.refused
    assert time.monotonic() - began < 60
