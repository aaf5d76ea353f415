"""The services that are compared: how each is filled, started, and asked for its likes."""

from __future__ import annotations

import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from load_users import Asking, LoadUser
from made_up_hub import PEOPLE, TEAMS, VOCABULARY, fill, identity

HERE = Path(__file__).parent
STUDENTS = 100
"""Of formgrader's class, all of whom it lists at once."""
PAGE = "20"
MLFLOW = "/api/2.0/mlflow/registered-models"
UNIQUE = count(time.time_ns())
Drawn = Callable[[random.Random], Asking]


@dataclass(frozen=True)
class Service:
    """A service. words: what starts it in its folder, followed by a port. ready: an address that
    answers once it runs. searches: whether it has a search at all."""

    name: str
    folder: Path
    words: Sequence[str]
    ready: str
    users: Callable[[int], list[LoadUser]]
    port_option: str = ""
    searches: bool = True
    environment: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def started(self, cores: set[int]) -> Iterator[tuple[int, str]]:
        """Run it on some cores; give its process and its address."""
        port = _free_port()
        process = subprocess.Popen(
            [*self.words, *((f"{self.port_option}{port}",) if self.port_option else (str(port),))],
            cwd=self.folder,
            env={**os.environ, "OMP_NUM_THREADS": "1", **self.environment},
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "errors.log").open("w"),
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(address + self.ready, process)
            yield process.pid, address
        finally:
            _end(process)


def end_in_order() -> None:
    """Have this process end its services, too, when it is asked to end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def hub(folder: Path, items: int, documents: int) -> Service:
    """Return the hub, filled."""
    if not (folder / "hub.sqlite").exists():
        fill(folder, items, documents)
    of_team: dict[str, list[str]] = defaultdict(list)
    with sqlite3.connect(folder / "hub.sqlite") as connection:
        query = "SELECT space, name, kind = 'document' FROM items ORDER BY id"
        for space, name, is_document in connection.execute(query):
            place = "documents" if is_document else "items"
            of_team[space].append(f"/{place}/{space}/{name}")
    known = identity()

    def user(number: int) -> LoadUser:
        team = f"t{number % PEOPLE % TEAMS}"
        token = known.token(f"p{number % PEOPLE}")
        drawn = _like_the_hub(of_team[team], team)
        return LoadUser({"Authorization": f"token {token}"}, random.Random(number), drawn)

    words = [sys.executable, str(HERE / "made_up_hub.py"), "serve", str(folder)]
    return Service("hub", folder, words, "/health", _each(user))


def flask_sketch(folder: Path, python: str, items: int, documents: int) -> Service:
    """Return the sketch, filled."""
    script = str(HERE / "flask_sketch.py")
    if not (folder / "sketch.sqlite").exists():
        told = [python, script, "fill", str(folder), str(items), str(documents)]
        subprocess.run(told, check=True)
    with sqlite3.connect(folder / "sketch.sqlite") as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM things")]
    paths = [f"/documents/{name}" for name in names]

    def user(number: int) -> LoadUser:
        return LoadUser({}, random.Random(number), _like_the_hub(paths, f"t{number % TEAMS}"))

    words = [python, script, "serve", str(folder)]
    return Service("Flask, JSON in SQLite", folder, words, "/items", _each(user))


def mlflow(folder: Path, program: Path, items: int) -> Service:
    """Return MLflow's server with as many registered models as the hub has items."""
    if not (folder / "mlflow.sqlite").exists():
        folder.mkdir(parents=True, exist_ok=True)
        python = str(program.parent / "python")
        told = [python, str(HERE / "mlflow_filling.py"), str(folder), str(items)]
        with (folder / "filling.log").open("w") as log:
            subprocess.run(told, check=True, stderr=log)
    with sqlite3.connect(folder / "mlflow.sqlite") as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM registered_models")]

    def drawn(chance: random.Random) -> Asking:
        kind = _kind(chance)
        if kind == "list":
            return Asking(kind, "GET", f"{MLFLOW}/search", {"max_results": PAGE})
        if kind == "one":
            return Asking(kind, "GET", f"{MLFLOW}/get", {"name": chance.choice(names)})
        if kind == "search":
            told = {"max_results": PAGE, "filter": f"name ILIKE '%{_words(chance, 1)}%'"}
            return Asking(kind, "GET", f"{MLFLOW}/search", told)
        text = " ".join(chance.choices(VOCABULARY, k=80))
        told = {"name": f"new-{next(UNIQUE)}", "description": text}
        return Asking(kind, "POST", f"{MLFLOW}/create", told=told)

    words = [
        str(program), "server", "--workers", "1", "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.sqlite", "--port",
    ]  # fmt: skip
    environment = {
        "PATH": _with_programs(program.parent),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # the hub's workers do not run, either
        "DO_NOT_TRACK": "true",
    }
    users = _each(lambda number: LoadUser({}, random.Random(number), drawn))
    return Service(
        "MLflow, registered models", folder, words, "/health", users, environment=environment
    )


def formgrader(folder: Path) -> Service:
    """Return nbgrader's formgrader, alone in a Jupyter server, with one class."""
    os.environ["PATH"] = _with_programs(Path(sys.executable).parent)  # nbgrader runs alembic
    if not (folder / "gradebook.db").exists():
        _fill_gradebook(folder)

    def drawn(chance: random.Random) -> Asking:
        kind = _kind(chance)
        if kind == "list":
            return Asking(kind, "GET", "/formgrader/api/students")
        path = f"/formgrader/api/student/s{chance.randrange(STUDENTS)}"
        if kind == "write":
            return Asking(kind, "PUT", path, told={"first_name": f"Ada {next(UNIQUE)}"})
        return Asking("one", "GET", path)  # it has no search

    options = {
        "open_browser": False, "allow_root": True, "root_dir": folder, "disable_check_xsrf": True,
        "port_retries": 0, "log_level": "ERROR", "jpserver_extensions":
        {"nbgrader.server_extensions.formgrader": True},
    }  # fmt: skip
    given = [f"--ServerApp.{name}={value}" for name, value in options.items()]
    words = [sys.executable, "-m", "jupyter_server", "--IdentityProvider.token=", *given]
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    return Service(
        "nbgrader's formgrader",
        folder,
        words,
        "/formgrader/api/status",
        _each(lambda number: LoadUser({}, random.Random(number), drawn)),
        port_option="--ServerApp.port=",
        searches=False,
        environment={name: str(folder / "jupyter") for name in places} | {"JUPYTER_NO_CONFIG": "1"},
    )


def _fill_gradebook(folder: Path) -> None:
    from nbgrader.api import Gradebook

    folder.mkdir(parents=True, exist_ok=True)
    exchange = folder / "exchange"
    exchange.mkdir(exist_ok=True)
    exchange.chmod(0o777)
    settings = f"c = get_config()\nc.CourseDirectory.root = {str(folder)!r}\n"
    settings += f"c.CourseDirectory.course_id = 'class'\nc.Exchange.root = {str(exchange)!r}\n"
    (folder / "nbgrader_config.py").write_text(settings)
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        assignments = [f"a{number}" for number in range(10)]
        for name in assignments:
            gradebook.add_assignment(name)
            gradebook.add_notebook("one", name)
            gradebook.add_grade_cell("question", "one", name, max_score=5, cell_type="code")
        for student in (f"s{number}" for number in range(STUDENTS)):
            gradebook.add_student(student, first_name="Ada", last_name=student)
            for name in assignments:
                gradebook.add_submission(name, student)
                grade = gradebook.find_grade("question", "one", name, student)
                grade.auto_score = 4
        gradebook.db.commit()


def _like_the_hub(paths: Sequence[str], space: str) -> Drawn:
    def drawn(chance: random.Random) -> Asking:
        kind = _kind(chance)
        if kind == "list":
            return Asking(kind, "GET", "/items", {"limit": PAGE})
        if kind == "one":
            return Asking(kind, "GET", chance.choice(paths))
        if kind == "search":
            return Asking(kind, "GET", "/search", {"q": _words(chance, chance.choice([1, 2]))})
        text = " ".join(chance.choices(VOCABULARY, k=80))
        told = {"space": space, "name": f"new-{next(UNIQUE)}", "title": "New", "text": text}
        return Asking(kind, "POST", "/documents", told=told)

    return drawn


def _kind(chance: random.Random) -> str:
    """Draw what is asked: of ten requests, two lists, five of one thing, two searches, a write."""
    return chance.choices(("list", "one", "search", "write"), (2, 5, 2, 1))[0]


def _words(chance: random.Random, number: int) -> str:
    return " ".join(chance.choices(VOCABULARY[:2000], k=number))


def _each(user: Callable[[int], LoadUser]) -> Callable[[int], list[LoadUser]]:
    return lambda number: [user(one) for one in range(number)]


def _with_programs(folder: Path) -> str:
    return os.pathsep.join([str(folder), os.environ.get("PATH", os.defpath)])


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _wait_for(address: str, process: subprocess.Popen) -> None:
    end = time.monotonic() + 180
    while process.poll() is None and time.monotonic() < end:
        try:
            urllib.request.urlopen(address, timeout=10).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise SystemExit(f"{address} does not answer; its folder has errors.log")


def _end(process: subprocess.Popen) -> None:
    """End a service with all it has started."""
    os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(15)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
