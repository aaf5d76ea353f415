"""Jobs from the question to the result: programs, notebooks, inputs, logs, metrics, lineage."""

from __future__ import annotations

import json
import socket
from dataclasses import replace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from pool_hub import RESULT, pool_hub

from lepton_hub.audit import verify
from lepton_hub.identity.person import Person
from lepton_hub.jobs.job_log import BoundedLog, plain_text
from lepton_hub.jobs.job_metrics import MOST_NAMES, MetricLines
from lepton_hub.jobs.running.program_process import NO_WALLS

pytest_plugins = ["waiting_while_writing"]
pytestmark = pytest.mark.usefixtures("nobody_waits")


@pytest.fixture
def pool(tmp_path):
    with pool_hub(tmp_path) as pool:
        yield pool


PROGRAM = """\
import json, os, sys
from pathlib import Path
from lepton_course import load_dataset
import helper
data = load_dataset("hub:engines/rides")
print(data.table()["riders"].sum(), data.card["licence"], helper.NAME, "\\x1b[31mred\\x1b[0m")
print(json.loads(Path(os.environ["LEPTON_JOB_PARAMETERS"]).read_text()))
print(Path("inputs/engines/rides@1/rides.csv").read_text())
try:
    Path("inputs/engines/rides@1/rides.csv").write_text("other")
except OSError as error:
    print("read-only:", type(error).__name__)
Path("results/deep").mkdir()
Path("results/deep/model.txt").write_text("weights")
Path("results/bad.pkl").write_bytes(b"x")
Path("results/link").symlink_to("/etc/passwd")
Path("runs").mkdir()
Path("runs/events.out.tfevents.1.host").write_bytes(b"board")
with open("metrics.jsonl", "w") as file:
    for step in range(3):
        file.write(json.dumps({"step": 10 * step, "loss": 1 / (step + 1), "name": "x"}) + "\\n")
    file.write("nonsense\\n" + json.dumps({"loss": float("inf")}))
"""


def test_a_job_reads_its_inputs_and_its_results_become_a_version_with_lineage(pool):
    pool.hub.make("curie", "~curie/rides")
    pool.hub.make("ada", "engines/rides")
    pool.hub.add("ada", "engines/rides", {"rides.csv": b"day,riders\n1,2\n2,5\n"})
    program = pool.program({"main.py": PROGRAM, "helper.py": "NAME = 'beside'"})
    asked = pool.ask(
        program, path="main.py", inputs=["engines/rides@1"], parameters={"epochs": 3, "x": [1, "a"]}
    )
    assert asked.status_code == 202
    assert asked.json()["state"] == "queued"
    assert pool.hub.get("ada", asked.headers["location"]).json()["id"] == asked.json()["id"]
    assert pool.worker.run_next()
    assert not pool.worker.run_next()
    job = pool.told(asked.json()["id"])
    assert (job["state"], job["result"]) == ("succeeded", f"{RESULT}@1"), job
    lines = job["log"].splitlines()
    assert lines[:2] == ["7 CC0-1.0 beside red", "{'epochs': 3, 'x': [1, 'a']}"]
    assert "read-only: OSError" in lines
    assert "Left out: link: it is not a regular file" in lines
    assert "Left out: bad.pkl: a pickle, which can run code when opened" in lines
    assert pool.results(job) == {
        "deep/model.txt": b"weights",
        "tensorboard/runs/events.out.tfevents.1.host": b"board",
    }
    version = pool.hub.get("ada", f"/items/{RESULT}/versions/1").json()
    assert version["made_from"] == [program, "engines/rides@1"]
    assert (version["made_with"], version["made_by"]) == (f"job {job['id']}", "ada")
    told = pool.hub.get("ada", f"/jobs/{job['id']}/metrics").json()
    [loss] = told["series"]
    assert (loss["name"], loss["steps"]) == ("loss", [0, 10, 20])
    assert loss["values"] == [1.0, 0.5, pytest.approx(1 / 3)]
    assert 0 < told["processor_seconds"] < 20
    used = {entry.subject for entry in pool.hub.log(action="version.use")}
    assert used == {program, "engines/rides@1"}
    assert list(pool.settings.folder.iterdir()) == []
    with pool.hub.state.sessions.begin() as session:
        assert verify(session).whole


def test_a_notebook_gets_its_parameters_and_comes_back_executed(pool):
    cells = [
        new_code_cell("epochs = 1", metadata={"tags": ["parameters"]}),
        new_code_cell("print('epochs', epochs)\n6 * 7"),
    ]
    program = pool.program({"fit.ipynb": nbformat.writes(new_notebook(cells=cells))})
    asked = pool.ask(program, parameters={"epochs": 5})
    assert pool.worker.run_next()
    job = pool.told(asked.json()["id"])
    assert job["state"] == "succeeded", job
    assert job["log"] == "epochs 5\n42\n"
    executed = nbformat.reads(pool.results(job)["fit.ipynb"].decode(), as_version=4)
    assert executed.cells[1].source == "# Parameters\nepochs = 5"
    assert executed.cells[2].outputs[0].text == "epochs 5\n"


def test_a_program_that_fails_is_not_run_again_and_says_why(pool):
    job = pool.ran("print('before')\nraise ValueError('too small')")
    assert (job["state"], job["attempts"]) == ("failed", 1)
    assert job["detail"] == "It exited with status 1; its log may say why."
    assert job["log"].startswith("before\n")
    assert job["log"].endswith("ValueError: too small\n")
    assert job["result"] == RESULT
    assert pool.hub.get("ada", f"/items/{RESULT}/versions/newest").status_code == 404
    assert not pool.worker.run_next()


def test_without_walls_where_the_operator_says_so(tmp_path):
    with pool_hub(tmp_path, walls=NO_WALLS) as pool:
        source = "import os\nopen('results/a', 'w').write(os.environ.get('SECRET', 'none'))"
        job = pool.ran(source)
        assert pool.results(job) == {"a": b"none"}


def test_a_log_is_text_and_keeps_its_first_and_last_words():
    log = BoundedLog(head=10, tail=8)
    log.add(b"0123456")
    assert log.take() == "0123456"
    log.add("89äöü middle ".encode())
    log.add(b"the end")
    assert log.take(last=True) == "89�\n… output left out …\n the end"
    log = BoundedLog()
    pieces = []
    for byte in "é \x1b[1;31mred\x1b[0m\r\n10%\r20%\x00\u202e!".encode():
        log.add(bytes([byte]))
        pieces.append(log.take())
    assert "".join([*pieces, log.take(last=True)]) == "é red\n10%\n20%!"
    assert plain_text("\x9b\x7f\x1b]0;title\x07ok") == "ok"


def test_metrics_take_numbers_alone_and_not_too_many():
    lines = MetricLines()
    assert lines.read(b'{"a": 1, "b": true, "c": "x", "d": [1], "e": NaN}') == []
    assert [(p.name, p.step, p.value) for p in lines.read(b"\n")] == [("a", 0, 1.0)]
    odd = [b"[1]", b'"x"', b"{" * 5000, b'{"step": "1", "a": 2}', b"\xff", b"9" * 5000]
    assert lines.read(b"\n".join(odd) + b"\n") == []
    many = json.dumps({f"n{number}": number for number in range(200)}).encode()
    assert len(lines.read(many + b"\n")) == MOST_NAMES - 1


def test_who_asked_is_looked_up_while_nobody_waits_for_the_database(pool):
    """JupyterHub may be slow, and is asked anew at each start."""
    program = pool.program({"a.py": "print(1)"})
    asked = pool.ask(program)
    with socket.create_server(("127.0.0.1", 0)) as jupyterhub:

        def look_up(name: str) -> Person:
            socket.create_connection(jupyterhub.getsockname()).close()
            return pool.hub.known.people[name]

        pool.worker.place = replace(pool.worker.place, look_up=look_up)
        assert pool.worker.run_next()
    assert pool.told(asked.json()["id"])["state"] == "succeeded"
