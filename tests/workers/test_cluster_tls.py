"""A cluster that speaks TLS by Dask's own settings: strangers stay out, and submissions inside.

One of the submissions is hostile: it knows where the scheduler is and where the keys lie.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dask
import pytest
from conftest import skip_unless_ci
from dask_programs import eventually, make_keys, start, start_scheduler
from distributed import Client
from tiny_course import (
    DOUBLE,
    TOTAL,
    answered,
    gradebook,
    hand_in,
    write_curriculum,
    write_roster,
)
from typer.testing import CliRunner

from autograder.cli.class_commands import class_app
from autograder.instructor.class_creation import create_classroom

pytestmark = pytest.mark.notebook

HOSTILE = """
import glob, json, os, socket, ssl
places = json.load(open("places.json"))
def attempt(action, *arguments):
    try:
        print(action, arguments, action(*arguments))
    except BaseException as error:
        print(action, arguments, type(error))
for name in ("ca.pem", "me.pem", "me.key"):
    attempt(lambda path: open(path).read(), os.path.join(places["keys"], name))
for path in glob.glob("/**/*.key", recursive=True): attempt(lambda p: open(p).read(), path)
print({name: value for name, value in os.environ.items() if "DASK" in name or "tls" in value})
for fd in range(3, 300):
    try: print(fd, socket.socket(fileno=os.dup(fd)).getpeername())
    except OSError: pass
def talk():
    with socket.create_connection(("127.0.0.1", places["port"]), 1) as plain:
        with ssl._create_unverified_context().wrap_socket(plain) as sock:
            sock.send(b"x"); return "CANARY-cluster", sock.recv(100)
attempt(talk)
attempt(lambda: __import__("distributed").Client(places["address"], timeout=1))
"""


@dataclass
class Scene:
    """A cluster of one worker that is let in and one that is not, and a class to be graded."""

    keys: Path
    address: str
    strangers_log: Path
    classroom: Path

    def grade(self, **settings: str) -> str:
        """Grade the class with these settings of Dask's; return what the command says."""
        command = ["grade", str(self.classroom), "small_sums", "--scheduler", self.address]
        with dask.config.set({f"distributed.comm.tls.{k}": v for k, v in settings.items()}):
            done = CliRunner().invoke(class_app, command)
        return " ".join(f"{done.exit_code} {done.output}".split())


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> Iterator[Scene]:
    if shutil.which("openssl") is None:
        skip_unless_ci("openssl is missing")
    folder = tmp_path_factory.mktemp("tls")
    keys, strange = make_keys(folder / "keys"), make_keys(folder / "strange")
    with contextlib.ExitStack() as stack:
        address = start_scheduler(stack, folder, keys)
        options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
        options += ["--local-directory", str(folder)]
        start(stack, folder, keys, "worker", address, "--name", "ours", *options)
        start(stack, folder, strange, "worker", address, "--name", "strange", *options)
        classroom = make_class(folder, keys, address)
        yield Scene(keys, address, folder / "strange-worker.log", classroom)


def make_class(folder: Path, keys: Path, address: str) -> Path:
    roster = write_roster(folder, "id,first_name,last_name,email,team\nada,A,B,,T\neve,A,B,,T\n")
    classroom = create_classroom(folder / "class", roster, write_curriculum(folder)).classroom.root
    hand_in(classroom, "ada", answered(classroom, {"double": DOUBLE, "total": TOTAL}))
    hostile = answered(classroom, {"double": DOUBLE, "total": HOSTILE})
    beside = hand_in(classroom, "eve", hostile).parent
    places = {"keys": str(keys), "address": address, "port": int(address.rpartition(":")[2])}
    (beside / "places.json").write_text(json.dumps(places))
    return classroom


def files(keys: Path) -> dict[str, str]:
    """Dask's settings for a command with these keys, as docs/cluster.md has them."""
    return {
        "ca-file": str(keys / "ca.pem"),
        "client.cert": str(keys / "me.pem"),
        "client.key": str(keys / "me.key"),
    }


def test_nobody_without_the_right_keys_gets_in(scene):
    assert "needs certificates" in scene.grade()
    missing = files(scene.keys / "nothing")
    assert "No Dask scheduler answers" in scene.grade(**missing)
    strange = scene.keys.parent / "strange"
    assert "No Dask scheduler answers" in scene.grade(**files(strange))
    assert not gradebook(scene.classroom)


def test_the_class_is_graded_over_tls_by_dasks_own_settings(scene):
    said = scene.grade(**files(scene.keys))
    assert said.startswith("0 "), said
    assert "2 graded" in said
    assert gradebook(scene.classroom)["ada"]["score"] == 5
    assert gradebook(scene.classroom)["eve"]["score"] == 2


def test_a_hostile_submission_finds_neither_keys_nor_connections(scene):
    graded = [*(scene.classroom / "autograded/eve").rglob("*.ipynb")]
    assert graded
    for path in graded:
        text = path.read_text()
        assert "attempt" in text and "PRIVATE KEY" not in text
        assert "CANARY-key" not in text and "('CANARY-cluster'" not in text
        assert "DASK_" not in text


def test_a_worker_with_a_strangers_certificate_is_not_let_in(scene):
    # It has tried, again and again.
    assert eventually(lambda: scene.strangers_log.read_text().count("Waiting to connect") > 3)
    settings = {f"distributed.comm.tls.{k}": v for k, v in files(scene.keys).items()}
    with (
        dask.config.set(settings),
        Client(scene.address, timeout=20, set_as_default=False) as client,
    ):
        workers = client.scheduler_info(n_workers=-1)["workers"].values()
        assert [worker["name"] for worker in workers] == ["ours"]
