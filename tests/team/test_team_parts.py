"""The parts of a team's hub that need no hub: accounts, courses, and the view of the machine."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import signal
import socket
import subprocess
import sys
from pathlib import Path
from threading import Timer
from types import SimpleNamespace

import pytest
from conftest import CLONE, skip_unless_ci
from traitlets.config import Config

from autograder.classroom.roster import Student, write_roster
from lepton_team import courses
from lepton_team.accounts import (
    Account,
    account_number,
    extended_lists,
    number_accounts,
    read_accounts,
    write_accounts,
)
from lepton_team.course_server import wait_until_free
from lepton_team.courses import Course, TeamError, groups_of, members, read_courses, roles
from lepton_team.folders import HubFolders
from lepton_team.left_processes import end_processes, view_of
from lepton_team.mount_namespace import closed_parents
from lepton_team.ports import EPHEMERAL, non_ephemeral_port
from lepton_team.sign_in import arrival, course_groups, with_groups
from lepton_team.start_queue import StartQueue

SUMS = Course("sums", frozenset({"curie"}), frozenset({"ada", "curie"}))
NETS = Course("nets", frozenset({"ada"}), frozenset({"bose"}))


def test_a_known_account_keeps_its_number(tmp_path):
    first = number_accounts(["bose"], tmp_path)
    later = number_accounts(["ada", "bose"], tmp_path, known=first)
    assert later[0] == first[0]
    assert later[1].number == first[0].number + 1
    write_accounts(tmp_path / "accounts", later)
    assert read_accounts(tmp_path / "accounts", tmp_path) == later


def test_an_account_that_is_new_is_added_and_another_keeps_its_number(tmp_path):
    numbers = [
        account_number(name, tmp_path / "passwd", tmp_path) for name in ("ada", "bose", "ada")
    ]
    assert numbers[0] == numbers[2] != numbers[1]
    assert [path.name for path in tmp_path.iterdir()] == ["passwd"]


def test_the_lists_of_the_machine_are_copied_and_extended(tmp_path):
    lists = extended_lists(tmp_path, [Account("made_up", 52_000, tmp_path / "made_up")])
    for original, copy in lists.items():
        lines = copy.read_text().splitlines()
        assert lines[:-1] == original.read_text().splitlines()
        assert lines[-1].startswith("made_up:x:52000:")


@pytest.mark.parametrize(("name", "number"), [("root", 52_000), ("made_up", 0)])
def test_an_account_of_the_machine_is_not_made_up_again(tmp_path, name, number):
    with pytest.raises(ValueError, match="another name"):
        extended_lists(tmp_path, [Account(name, number, tmp_path)])


def test_who_teaches_a_course_does_not_learn_in_it_but_may_in_another():
    assert groups_of([SUMS, NETS], "ada") == ["nbgrader-sums", "formgrade-nets"]
    assert groups_of([SUMS, NETS], "curie") == ["formgrade-sums"]
    assert groups_of([SUMS, NETS], "mallory") == []
    assert members([SUMS, NETS]) == {"ada", "bose", "curie"}


def test_a_roster_is_read_again_only_when_it_has_changed(tmp_path, monkeypatch):
    folders, readings = HubFolders(tmp_path), []
    read = courses.read_roster
    monkeypatch.setattr(courses, "read_roster", lambda path: readings.append(path) or read(path))
    folders.team_file.write_text("courses:\n  sums:\n    instructors: [curie]\n")
    assert read_courses(folders)[0].learners == frozenset(), "a class that is not made yet"
    roster = folders.classroom("sums") / "roster.csv"
    roster.parent.mkdir(parents=True)
    for ids in ({"ada"}, {"ada", "bose"}):
        write_roster(roster, [Student(id_, "", "", "", "") for id_ in sorted(ids)])
        for _ in range(3):
            assert read_courses(folders)[0].learners == ids
    assert len(readings) == 2


def test_servers_start_in_turn_a_few_at_a_time():
    async def class_of_five() -> None:
        queue, running, begun, most = StartQueue(places=2), set(), [], []

        async def start(name: str) -> None:
            async with queue.turn(name):
                begun.append(name)
                running.add(name)
                most.append(len(running))
                await asyncio.sleep(0.01)
                running.remove(name)

        tasks = [asyncio.create_task(start(name)) for name in "abcde"]
        await asyncio.sleep(0)
        assert [queue.ahead_of(name) for name in "abcde"] == [None, None, 0, 1, 2]
        tasks[2].cancel()
        await asyncio.wait(tasks)
        assert begun == ["a", "b", "d", "e"], "who has left is passed over"
        assert max(most) == 2
        async with queue.turn("later"):
            assert queue.ahead_of("later") is None

    asyncio.run(class_of_five())


def test_the_account_of_a_course_has_no_groups():
    odd = Course("odd", frozenset({"course-sums"}), frozenset({"course-nets"}))
    assert groups_of([odd], "course-sums") == groups_of([odd], "course-nets") == []


@pytest.mark.parametrize(
    ("claimed", "groups"),
    [
        (["dl-teachers", "staff"], {"formgrade-sums"}),
        (["staff", "chess"], {"nbgrader-sums"}),
        (["formgrade-sums"], set()),
        ([], set()),
    ],
)
def test_groups_of_a_provider_are_known_by_the_names_that_were_listed(claimed, groups):
    known = {"dl-teachers": "formgrade-sums", "staff": "nbgrader-sums"}
    assert course_groups(claimed, known) == groups


def test_groups_of_a_provider_may_have_the_names_of_the_hubs():
    assert course_groups(["formgrade-sums", "nbgrader-sums", "admin"], {}) == {"formgrade-sums"}


def test_an_instructor_arrives_at_the_course_and_a_learner_at_their_own_server():
    assert arrival(["nbgrader-nets", "formgrade-sums"]) == "/services/sums/lab?formgrader=true"
    assert arrival(["nbgrader-sums"]) is None


@pytest.mark.parametrize(
    ("name", "password", "enters"),
    [
        ("ada", "lépton", True),
        ("ada", "lepton", False),
        ("ada", "", False),
        ("mallory", "lépton", False),
        ("nobody", "lépton", False),
    ],
)
def test_only_who_is_in_a_course_signs_in_to_the_demonstration(name, password, enters):
    demonstration = pytest.importorskip("lepton_team.demonstration")
    authenticator = with_groups(demonstration.OnePassword, lambda user: groups_of([SUMS], user))
    config = {"OnePassword": {"password": "lépton"}, "Authenticator": {"manage_groups": True}}
    one_password = authenticator(config=Config(config))
    data = {"username": name, "password": password}
    found = asyncio.run(one_password.get_authenticated_user(None, data))
    assert (found and found["groups"]) == (["nbgrader-sums"] if enters else None)


def test_a_sign_in_that_lets_everybody_in_lets_in_who_is_in_a_course():
    auth = pytest.importorskip("jupyterhub.auth")
    authenticator = with_groups(auth.DummyAuthenticator, lambda user: groups_of([SUMS], user))()
    for name, enters in (("ada", True), ("mallory", False)):
        found = authenticator.get_authenticated_user(None, {"username": name, "password": ""})
        assert bool(asyncio.run(found)) == enters


def test_a_role_opens_one_course_and_nothing_else():
    [role] = roles([SUMS])
    assert role["groups"] == ["formgrade-sums"]
    assert role["scopes"] == ["access:services!service=sums"]


@pytest.mark.parametrize("text", ["", "courses: [sums]", "courses:\n  sums:\n", "{"])
def test_a_team_file_that_cannot_be_used_says_what_it_needs(tmp_path, text):
    folders = HubFolders(tmp_path)
    folders.team_file.write_text(text)
    with pytest.raises(TeamError, match="instructors"):
        read_courses(folders)


def test_folders_that_others_may_not_pass_are_found(tmp_path):
    closed, inner = tmp_path / "closed", tmp_path / "closed/inner/file"
    inner.mkdir(parents=True)
    tmp_path.chmod(0o755)
    closed.chmod(0o700)
    [outermost] = closed_parents([inner])
    assert not outermost.stat().st_mode & 0o001
    assert all(parent.stat().st_mode & 0o001 for parent in outermost.parents)
    assert closed_parents([Path("/usr/bin/env")]) == []


def test_a_server_gets_a_port_that_the_system_gives_to_nobody():
    lowest = int(EPHEMERAL.read_text().split()[0])
    assert all(0 < non_ephemeral_port() < lowest for _ in range(20))


def test_servers_that_start_at_once_get_ports_of_their_own():
    ports = [non_ephemeral_port() for _ in range(1000)]
    assert len(set(ports)) == 1000, "none of them listens yet"


def test_a_courses_server_waits_until_the_one_before_has_left_its_port():
    old, new = socket.create_server(("127.0.0.1", 0)), socket.socket()
    port = old.getsockname()[1]
    Timer(0.5, old.close).start()
    wait_until_free(port)
    with new:
        new.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        new.bind(("127.0.0.1", port))


@pytest.mark.parametrize(("owner", "is_theirs"), [(os.geteuid(), True), (65_534, False)])
def test_a_number_that_is_another_users_process_by_now_is_no_server(owner, is_theirs):
    if importlib.util.find_spec("jupyterhub") is None:
        skip_unless_ci("JupyterHub is not installed: make install-team")
    from lepton_team.spawner import WalledSpawner

    spawner = WalledSpawner(user=SimpleNamespace(name=pwd.getpwuid(owner).pw_name))
    spawner.load_state({"pid": os.getpid()})
    assert bool(spawner.pid) == is_theirs


LOOK = """
import os, sys
from pathlib import Path
from lepton_team.mount_namespace import Covered, Kept, unshare_mounts
root = Path(sys.argv[1])
unshare_mounts([Kept(root / "seen"), Kept(root / "mine", writable=True)], [Covered(root)])
assert (root / "seen/text").read_text() == "seen"
assert sorted(os.listdir(root)) == ["mine", "seen"]
(root / "mine/new").write_text("kept")
try:
    (root / "seen/new").write_text("")
except OSError as error:
    print(type(error).__name__, error.errno)
"""


def test_a_process_sees_what_is_kept_and_nothing_else(tmp_path):
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        skip_unless_ci("Mounts take root.")
    for name in ("seen", "mine", "hidden"):
        (tmp_path / name).mkdir()
    (tmp_path / "seen/text").write_text("seen")
    environment = {**os.environ, "PYTHONPATH": str(CLONE / "deploy/jupyterhub")}
    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(tmp_path)],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["OSError", "30"], "a read-only file system"
    assert (tmp_path / "mine/new").read_text() == "kept"
    assert (tmp_path / "hidden").is_dir(), "others' view is as it was"


def test_what_has_a_servers_view_is_ended_and_nothing_else():
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        skip_unless_ci("Mounts take root.")
    starts = "sleep 600 & echo; exec sleep 600"
    command = ["unshare", "--mount", "sh", "-c", starts]
    servers = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    try:
        for server in servers:
            server.stdout.read(1)
        views = [view_of(server.pid) for server in servers]
        assert end_processes(os.geteuid() + 1, views[0]) == 0, "another user's"
        assert end_processes(os.geteuid(), views[0]) == 2
        assert servers[0].wait() == -signal.SIGKILL
        assert servers[1].poll() is None
        assert end_processes(os.geteuid(), view_of(os.getpid())) == 0, "all would end, the hub too"
    finally:
        end_processes(os.geteuid(), view_of(servers[1].pid) or 0)
        for server in servers:
            server.communicate()
