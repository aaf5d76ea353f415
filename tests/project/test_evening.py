"""The commands of docs/evening.md, from an empty folder to feedback in hands.

They run word by word, but for the size of the class.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from browser import free_port, served_url
from conftest import CLONE
from nbgrader.api import Gradebook
from nbgrader.auth import Authenticator
from nbgrader.exchange.default import ExchangeFetchFeedback

from autograder.classroom.classroom import open_classroom

pytestmark = pytest.mark.notebook

PAGE = (CLONE / "docs/evening.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^```sh\n(.+?)\n```$", PAGE, re.MULTILINE | re.DOTALL)
ASSIGNMENT = "tensors_and_gradients"
LEARNERS = 10
"""Where the page has thirty: each one more is graded like the others."""


@pytest.fixture(scope="module")
def evening(tmp_path_factory) -> Path:
    """The folder in which all commands of the page have run."""
    folder = tmp_path_factory.mktemp("evening")
    home = tmp_path_factory.mktemp("home")
    settings = {"ServerApp": {"allow_root": True, "open_browser": False}}
    (home / "jupyter_server_config.json").write_text(json.dumps(settings))
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(CLONE),
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home),
        "JUPYTER_PORT": str(free_port()),
    }
    for written in COMMANDS:
        command = written.replace("--made-up 30", f"--made-up {LEARNERS}")
        run = look_at_formgrader if "jupyter lab" in command else run_to_its_end
        run(command, folder, environment)
    return folder


def run_to_its_end(command: str, folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def look_at_formgrader(command: str, folder: Path, environment: dict[str, str]) -> None:
    """Start the server, see in formgrader that the class waits to be read, and stop it."""
    log = folder.parent / "jupyterlab.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            ["bash", "-c", command],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        url = served_url(server, log)
        where = f"/formgrader/api/submissions/{ASSIGNMENT}"
        with urlopen(re.sub(r"/(?:lab|tree)\b[^?]*", where, url), timeout=30) as answer:
            submissions = json.load(answer)
        assert len(submissions) == LEARNERS
        assert any(submission["needs_manual_grade"] for submission in submissions)
    finally:
        os.killpg(server.pid, 15)
        server.wait(timeout=30)


def test_an_evening_takes_at_most_eight_commands():
    assert 1 < len(COMMANDS) <= 8
    assert all("\n" not in command for command in COMMANDS)
    assert "--made-up 30" in COMMANDS[0]


def test_the_class_is_graded(evening):
    with Gradebook(f"sqlite:///{evening}/my-class/gradebook.db") as gradebook:
        scores = [s.score for s in gradebook.assignment_submissions(ASSIGNMENT)]
    assert len(scores) == LEARNERS
    assert len(set(scores)) > 3, "people differ"


def test_each_learner_has_their_own_feedback_in_hand(evening):
    classroom = open_classroom(evening / "my-class")
    config = classroom.config()
    with Gradebook(f"sqlite:///{evening}/my-class/gradebook.db") as gradebook:
        scores = {s.student_id: s.score for s in gradebook.assignment_submissions(ASSIGNMENT)}
    assert len(scores) == LEARNERS
    for student, score in scores.items():
        home = evening / "my-class-learners" / student
        fetch = ExchangeFetchFeedback(
            coursedir=classroom.course_directory(ASSIGNMENT, student),
            authenticator=Authenticator(config=config),
            config=config,
        )
        fetch.assignment_dir, fetch.cache = str(home), str(home / ".nbgrader_cache")
        fetch.start()
        [page] = home.glob(f"{ASSIGNMENT}/feedback/*/assignment.html")
        told = re.search(r"Score:\s*([\d.]+)\s*/", page.read_text(encoding="utf-8"))
        assert float(told[1]) == pytest.approx(score, abs=0.006)


def test_the_report_knows_the_class(evening):
    text = (evening / "my-class/report/report.html").read_text(encoding="utf-8")
    assert f"{LEARNERS} of {LEARNERS}</b> have points" in text
    assert "misconceptions found" in text
    assert f"From the progress files of {LEARNERS} of {LEARNERS} learners" in text
    assert "Normalised gain" in text
    assert "Useful for work" in text and "Needs before the course" in text
