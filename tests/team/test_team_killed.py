"""The hub is killed while people hand in and while it grades; then backed up and restored."""

from __future__ import annotations

import fcntl
import shutil
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from conftest import CLONE
from nbgrader.api import Gradebook
from operators_page import commands
from team_hub import ASSIGNMENT, COURSE, TeamHub, skip_without_hub, team_hub, wait_for
from team_people import (
    NOTEBOOK,
    answers_of_the_course,
    scores,
    submissions,
    write_answers,
)

pytestmark = pytest.mark.team

WHICH = {"course_id": COURSE, "assignment_id": ASSIGNMENT}
GRADED = 18
COLLECT = f"lepton class collect . {ASSIGNMENT}"
DUE = f"nbgrader db assignment add {ASSIGNMENT} --duedate='2020-01-01 12:00'"
GRADE = f"lepton class grade . {ASSIGNMENT} --workers 1"


@pytest.fixture(scope="module")
def hub(built_curriculum, tmp_path_factory) -> Iterator[TeamHub]:
    skip_without_hub()
    with team_hub(tmp_path_factory.mktemp("killed")) as hub:
        yield hub


@pytest.fixture(scope="module")
def learners(hub) -> Iterator[dict[str, httpx.Client]]:
    """Two learners with the assignment answered in front of them."""
    clients = {name: hub.sign_in(name) for name in ("ada", "bose")}
    for name, client in clients.items():
        hub.start_lab(client, name)
        done = hub.post(client, f"/user/{name}/assignments/fetch", WHICH)
        assert done.json()["success"], done.text
        answer(hub, name, without="distances-answer" if name == "bose" else "")
    yield clients
    for client in clients.values():
        client.close()


def answer(hub: TeamHub, name: str, without: str = "") -> None:
    """Write the course's own answers into a learner's notebook, but for one."""
    answers = answers_of_the_course()
    answers.pop(without, None)
    write_answers(hub.home(name) / "lepton" / NOTEBOOK, answers)


def submit(hub: TeamHub, client: httpx.Client, name: str) -> bool:
    """Hand in; return what the learner is told."""
    answer = hub.post(client, f"/user/{name}/assignments/submit", WHICH)
    return answer.status_code == 200 and answer.json()["success"]


def handed_in(hub: TeamHub, name: str) -> int:
    return len(submissions(hub, name))


def test_a_hub_that_is_killed_takes_no_work_and_no_sign_in_with_it(hub, learners):
    ada, bose = learners["ada"], learners["bose"]
    inbound = hub.folders.exchange / COURSE / "inbound"
    servers = {name: hub.server_process(name) for name in learners}
    with ThreadPoolExecutor() as pool:
        told_bose = pool.submit(submit, hub, bose, "bose")
        wait_for(lambda: list(inbound.glob("bose+*")) or told_bose.done(), "bose's work")
        hub.process.send_signal(signal.SIGSTOP)
        told_ada = pool.submit(submit, hub, ada, "ada")
        wait_for(lambda: is_asked_by(hub, "ada") or told_ada.done(), "question to the hub")
        hub.kill()
    # The hub may go before bose is told; what he is told of is there.
    assert handed_in(hub, "bose") >= told_bose.result()
    # Without a hub nobody can say who is in the course: a submission is refused, not half made.
    assert not told_ada.result()
    assert not submit(hub, ada, "ada")
    assert not list(inbound.glob("ada+*"))

    hub.start()
    for name, client in learners.items():
        hub.lab_answers(client, name)
        if not handed_in(hub, name):
            assert submit(hub, client, name), "signed in still"
        assert handed_in(hub, name) == 1
    assert {name: hub.server_process(name) for name in learners} == servers, "labs went on"


def is_asked_by(hub: TeamHub, name: str) -> bool:
    """Return whether a program of the user is connected to the hub itself."""
    port, connected = f":{hub.ports[1]:04X}", "01"
    fields = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(
        remote.endswith(port) and state == connected and int(user) == hub.number(name)
        for _, _, remote, state, _, _, _, user, *_ in fields
    )


def test_a_grading_that_is_killed_goes_on_and_a_late_second_attempt_counts(hub, learners):
    with closing(hub.sign_in("curie")) as curie:
        hub.command(curie, f"{COLLECT} && {GRADE}")
        results = hub.classroom / "private/results" / ASSIGNMENT
        wait_for(lambda: list(results.glob("*.json")), "result of the first learner")
        hub.kill()
    wait_for(lambda: not grading(hub), "end of the grading, for the course's server ends too")
    hub.start()
    answer(hub, "bose")
    hub.lab_answers(learners["bose"], "bose")
    assert submit(hub, learners["bose"], "bose")
    with closing(hub.sign_in("curie")) as curie:
        hub.command(curie, f"{DUE}; {COLLECT}; {GRADE}; touch ~/graded")
        wait_for((hub.classroom.parent / "graded").exists, "end of the grading")
    assert scores(hub) == {"ada": GRADED, "bose": GRADED}, "the second attempt counts"
    assert attempts(hub, "ada") == ["1"], "nothing counts twice"
    assert attempts(hub, "bose") == ["1", "2"]
    with Gradebook(hub.gradebook) as gradebook:
        late = gradebook.find_submission(ASSIGNMENT, "bose").total_seconds_late
    assert late > 0


def attempts(hub: TeamHub, name: str) -> list[str]:
    kept = hub.classroom / "attempts" / name / ASSIGNMENT
    return sorted(path.name for path in kept.iterdir())


def grading(hub: TeamHub) -> bool:
    """Return whether a grading holds the class's lock."""
    with (hub.classroom / "private/lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def test_the_pages_commands_back_up_and_restore(hub, learners, tmp_path):
    before = scores(hub)
    for line in commands("Back up"):
        run_on(hub, line, tmp_path)
    hub.stop()
    shutil.rmtree(hub.folders.root)
    *restore, start = commands("Restore")
    for line in restore:
        run_on(hub, line, tmp_path)
    assert start == "make hub"
    assert scores(hub) == before
    assert (hub.folders.hub / "cookie_secret").stat().st_mode & 0o777 == 0o600
    assert hub.home("ada").stat().st_uid == hub.number("ada")
    hub.start(LEPTON_TEAM_IDLE_SECONDS="4")
    assert learners["ada"].get("/hub/home").url.path == "/hub/home", "signed in still"
    assert (handed_in(hub, "ada"), handed_in(hub, "bose")) == (1, 2)


def test_a_server_that_nobody_uses_is_stopped(hub, learners):
    learners["ada"].get("/hub/spawn")
    wait_for(lambda: "Culling server ada" in hub.log.read_text(), "server that nobody uses")
    wait_for(lambda: not hub.processes("ada"), "end of ada's server and of what it has left")


def run_on(hub: TeamHub, line: str, folder) -> None:
    """Run a command of the page as root, for this hub and with the backup in `folder`."""
    line = line.replace("sudo ", "").replace("~/lepton-team", str(hub.folders.root))
    line = line.replace("team-backup.tar.gz", str(folder / "team-backup.tar.gz"))
    done = subprocess.run(["bash", "-c", line], cwd=CLONE, capture_output=True, text=True)
    assert done.returncode == 0, f"{line}\n{done.stderr}"
