"""Hostile programs of jobs, run in the sandbox: nothing leaks, the worker goes on, the job ends.

Each is run once, and its end says what was wrong; what it left that is good is kept where the
program itself ended well.
"""

from __future__ import annotations

import json
import os
import re

import pytest
from hostile_jobs import GOOD, NOT_ITS_OWN, PROCESSES
from hostile_output import METRICS, RESULTS, SAID
from pool_hub import RESULT, pool_hub

from autograder.sandbox.resource_usage import descendants

HOSTILE = RESULTS | SAID | PROCESSES | NOT_ITS_OWN
SECRET = "kingfisher-of-the-hub"
INPUT = b"day,riders\n1,2\n"
CONTROLS = re.compile(r"[^\n\t\x20-\x7e\xa0-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub")
    with pytest.MonkeyPatch.context() as patch, pool_hub(folder, files=2**23) as pool:
        patch.setenv("LEPTON_HUB_SECRET", SECRET)
        pool.hub.make("ada", "engines/rides")
        pool.hub.add("ada", "engines/rides", {"a.csv": INPUT})
        (pool.settings.folder / "job-other").mkdir(parents=True)
        (pool.settings.folder / "job-other" / "lock").touch()
        yield pool


@pytest.fixture
def told(pool, request):
    """Run a program; return what is told of its job, once nothing is left of it elsewhere."""
    attack = HOSTILE[request.param]
    before = descendants(os.getpid())
    limits = {"memory": 256 * 2**20, "seconds": 30, **attack.limits}
    job = pool.ran(GOOD + attack.source, inputs=["engines/rides@1"], limits=limits)
    try:
        assert not pool.worker.run_next(), "It is run again"
    finally:
        pool.hub.ask("ada", "DELETE", f"/jobs/{job['id']}")  # the next one may run
    assert job["attempts"] == 1
    assert descendants(os.getpid()) <= before
    assert [path.name for path in pool.settings.folder.iterdir()] == ["job-other"]
    return job


@pytest.mark.parametrize(("told", "name"), [(one, one) for one in HOSTILE], indirect=["told"])
def test_it_harms_nobody_and_ends_with_a_reason(pool, told, name):
    attack = HOSTILE[name]
    text = f"{told['detail']}\n{told['log']}"
    assert told["state"] in ((attack.state,) if attack.state else ("succeeded", "failed")), text
    for words in attack.says:
        assert words in text
    for hidden in (SECRET, "FOUND", str(pool.settings.folder.parent / "keys.json")):
        assert hidden not in text
    assert not CONTROLS.search(text)
    assert "internal error" not in text
    assert len(told["log"]) < 2**20
    assert told["processor_seconds"] > 0
    check_results(pool, told, attack.keeps)


def check_results(pool, told, keeps) -> None:
    """What it left is kept where it ended well: the good file, and what else is good."""
    place = f"/items/{RESULT}"
    assert pool.hub.get("ada", place).json()["card"]["title"] == "Riders by day"
    versions = pool.hub.get("ada", f"{place}/versions").json()["versions"]
    mine = [one for one in versions if one["made_with"] == f"job {told['id']}"]
    if told["state"] == "failed" or keeps is None:
        assert mine == []
        return
    [version] = mine
    kept = pool.results(told)
    assert told["result"] == f"{RESULT}@{version['number']}"
    assert kept["good.txt"] == b"good"
    more = set(kept) - {"good.txt"}
    assert keeps <= more
    assert {name.casefold() for name in more - keeps} <= {"con", "café", "cafe\u0301", "model"}
    for path in kept:
        shown = f"{place}/versions/{version['number']}/preview"
        assert pool.hub.get("ada", shown, params={"path": path}).status_code < 500


@pytest.mark.parametrize("told", [METRICS], indirect=True)
def test_only_numbers_are_metrics(pool, told):
    answer = pool.hub.get("ada", f"/jobs/{told['id']}/metrics")
    [loss] = json.loads(answer.text)["series"]
    assert loss == {"name": "loss", "steps": [5, 7, 8], "values": [2.0, 4.0, 5e-324]}


def test_inputs_are_what_they_were(pool):
    kept = pool.hub.get("ada", "/items/engines/rides/versions/1/files/a.csv")
    assert kept.content == INPUT
    assert pool.hub.get("ada", "/items/engines/rides/versions/2").status_code == 404


@pytest.mark.parametrize("name", ["-c.py", "-m pdb.py"])
def test_a_program_is_no_option(pool, name):
    asked = pool.ask(pool.program({name: "print('runs')"}))
    assert pool.worker.run_next()
    job = pool.told(asked.json()["id"])
    assert (job["state"], job["log"].partition("\n")[0]) == ("succeeded", "runs")


@pytest.mark.parametrize("text", ["[" * 10**5, '{"cells": 7, "metadata": []}'])
def test_a_notebook_that_is_none_fails_in_words(pool, text):
    asked = pool.ask(pool.program({"a.ipynb": text}))
    assert pool.worker.run_next()
    job = pool.told(asked.json()["id"])
    assert (job["state"], job["detail"]) == (
        "failed",
        "It exited with status 1; its log may say why.",
    )
    assert "Error" in job["log"]
