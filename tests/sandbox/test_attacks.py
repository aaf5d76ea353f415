"""The attack corpus: one batch of hostile submissions, with honest ones among them.

Nothing undeserved is earned, nothing hidden is read, nobody else is disturbed, nothing is left.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import multiprocessing.util
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest
from attacks import Attack, all_attacks
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from tiny_course import DOUBLE, TOTAL, answered, hand_in, write_curriculum, write_roster

import autograder
import lepton_course
from autograder.execution.job import SubmissionLimits
from autograder.grading.batch import Options, grade
from autograder.instructor.class_creation import create_classroom
from autograder.judging.class_course import ClassCourse
from autograder.judging.results import Grading, SubmissionResult
from autograder.kernels.owner import shared
from autograder.sandbox import walls
from autograder.submissions.untrusted_files import remove_folder
from lepton_course.declared_exercises import DECLARATIONS

CLONE = Path(__file__).resolve().parents[2]


def marked(notebook: NotebookNode) -> None:
    """Metadata that never comes back: who has it has read the file."""
    notebook.metadata["mark"] = "CANARY-submission"


ATTACKS = {attack.name: attack for attack in all_attacks()}
HONEST = {
    "honest_right": Attack("honest_right", "is right", change=marked, double=DOUBLE, total=TOTAL),
    "honest_half": Attack(
        "honest_half", "is half right", double="def double(x): return 2 * abs(x)"
    ),
    "honest_wrong": Attack("honest_wrong", "is wrong", double="def double(x): return x / 2"),
    "honest_blank": Attack("honest_blank", "is not there yet"),
}
LIMITS = SubmissionLimits(
    cell_seconds=4,
    answer_seconds=3,
    notebook_seconds=30,
    resources=walls.ResourceLimits(
        cpu_seconds=20,
        wall_seconds=40,
        memory_bytes=1000 * 2**20,
        processes=64,
        scratch_bytes=200 * 2**20,
        scratch_files=10_000,
    ),
)

pytestmark = [
    pytest.mark.attack,
    pytest.mark.skipif(
        not walls.survey().walls.namespaces, reason=f"no walls here: {walls.survey().problems}"
    ),
]


@dataclass
class Scene:
    """What was attacked, and what came of it."""

    classroom: ClassCourse
    temporary: Path
    canaries: dict[str, str]
    grading: Grading
    heard: list[str]
    left: list[str]

    def line(self, student: str) -> SubmissionResult:
        [line] = [line for line in self.grading.results if line.student == student]
        return line


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """All submissions, graded in one batch."""
    with contextlib.ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        root = tmp_path_factory.mktemp("a")
        multiprocessing.util.get_temp_dir()  # stays for as long as this process
        # Sockets' paths must be short, and what is left here is ours alone.
        temporary = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lt-")))
        patch.setattr(tempfile, "tempdir", str(temporary))
        patch.setenv("TMPDIR", str(temporary))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(CLONE), os.environ.get("PYTHONPATH", "")]))
        patch.setenv("LEPTON_SECRET", "CANARY-environment")
        patch.setenv("HOME", str(root / "home"))
        (root / "home").mkdir()
        (root / "home/notes.txt").write_text("CANARY-home")
        classroom = hostile_class(root)
        (classroom.private / "notes.txt").write_text("CANARY-private")
        heard: list[str] = []
        places = {
            "class": str(classroom.root),
            "private": str(classroom.private),
            "seed": str(classroom.seed_file),
            "gradebook": str(classroom.gradebook_file),
            "grader": os.getpid(),
            "scratch": str(temporary),
            "secret_files": [str(path) for path in secret_files(root, classroom)],
            "code_folders": code_folders(root),
            "segment": stack.enter_context(system_v_segment(b"CANARY-segment")),
            "key": stack.enter_context(kernel_key(b"CANARY-key")),
            **stack.enter_context(listeners(root, heard)),
        }
        for attack in [*ATTACKS.values(), *HONEST.values()]:
            submit(classroom, attack, places)
        shared.stop()
        before = processes()
        patch.setattr(shared, "preload", shared.preload)
        grading = grade(
            classroom, classroom.find_submissions("small_sums"), Options(2, limits=LIMITS)
        )
        shared.stop()
        left = [*(processes() - before), *(str(p) for p in temporary.glob("[!p]*"))]
        canaries = {"seed": classroom.seed(), "word": "CANARY-"}
        yield Scene(classroom, temporary, canaries, grading, heard, left)
        remove_folder(classroom.root)  # nested too deeply for others to remove


def hostile_class(root: Path) -> ClassCourse:
    """A class with a line on the roster for each submission."""
    roster = "id,first_name,last_name,email,team\n"
    roster += "".join(f"{name},A,B,{name}@example.org,T\n" for name in [*ATTACKS, *HONEST])
    curriculum = write_curriculum(root)
    exercises = curriculum / "basics/07_small_sums" / DECLARATIONS
    exercises.write_text(f"SECRET = 'CANARY-reference'\n{exercises.read_text()}")
    create_classroom(root / "class", write_roster(root, roster), curriculum)
    return ClassCourse(root / "class")


def submit(classroom: ClassCourse, attack: Attack, places: dict[str, object]) -> None:
    answers = {"double": attack.double, "total": attack.total}
    notebook = answered(classroom.root, {name: text for name, text in answers.items() if text})
    if attack.first:
        notebook.cells.insert(2, new_code_cell(attack.first.strip()))
    changed = attack.change(notebook) if attack.change else None
    folder = hand_in(classroom.root, attack.name, changed or notebook).parent
    (folder / "places.json").write_text(json.dumps(places))
    for name, content in attack.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content(path) if callable(content) else path.write_text(content)


def secret_files(root: Path, classroom: ClassCourse) -> list[Path]:
    return [
        classroom.seed_file,
        classroom.private / "notes.txt",
        classroom.private / "class.json",
        classroom.gradebook_file,
        classroom.roster_file,
        classroom.submitted_folder("honest_right", "small_sums") / "assignment.ipynb",
        root / "curriculum/basics/07_small_sums" / DECLARATIONS,
        root / "curriculum/basics/07_small_sums/assignment.ipynb",
        root / "home/notes.txt",
        CLONE / "autograder/judging/judge_run.py",
        CLONE / "curriculum/basics/05_convolutional_networks" / DECLARATIONS,
        Path("/etc/passwd"),
    ]


def code_folders(root: Path) -> list[str]:
    packages = [Path(module.__file__).parent for module in (lepton_course, autograder, psutil)]
    return [str(path) for path in (*packages, CLONE, packages[2].parent, root / "home")]


@contextlib.contextmanager
def system_v_segment(content: bytes) -> Iterator[int]:
    """A System V memory segment that everyone may read; its number."""
    libc = ctypes.CDLL(None)
    libc.shmat.restype = ctypes.c_void_p
    number = libc.shmget(0, 4096, 0o1666)
    at = ctypes.c_void_p(libc.shmat(number, None, 0))
    ctypes.memmove(at, content, len(content))
    try:
        yield number
    finally:
        libc.shmdt(at)
        libc.shmctl(number, 0, None)


@contextlib.contextmanager
def kernel_key(content: bytes) -> Iterator[int]:
    """A key in this session's keyring, where the machine has keyrings; its number."""
    libc = ctypes.CDLL(None)
    key = libc.syscall(248, b"user", b"lepton-test", content, len(content), -3)
    try:
        yield key
    finally:
        if key > 0:
            libc.syscall(250, 3, key)  # KEYCTL_REVOKE


@contextlib.contextmanager
def listeners(root: Path, heard: list[str]) -> Iterator[dict[str, object]]:
    """Servers on this machine that note who talks to them, and answer with a canary."""
    name = f"lepton-test-{os.getpid()}"
    sockets = {
        "tcp": (socket.AF_INET, socket.SOCK_STREAM, ("0.0.0.0", 0)),
        "udp": (socket.AF_INET, socket.SOCK_DGRAM, ("0.0.0.0", 0)),
        "unix_socket": (socket.AF_UNIX, socket.SOCK_STREAM, str(root / "socket")),
        "abstract_socket": (socket.AF_UNIX, socket.SOCK_STREAM, f"\0{name}"),
    }
    places: dict[str, object] = {"host": socket.gethostbyname(socket.gethostname())}
    ended = threading.Event()
    threads, opened = [], []
    for kind, (family, type_, address) in sockets.items():
        sock = socket.socket(family, type_)
        sock.bind(address)
        sock.settimeout(0.1)
        if type_ == socket.SOCK_STREAM:
            sock.listen()
        places[kind] = sock.getsockname()[1] if family == socket.AF_INET else address.strip("\0")
        opened.append(sock)
        threads.append(threading.Thread(target=listen, args=(kind, sock, heard, ended)))
        threads[-1].start()
    try:
        yield places
    finally:
        ended.set()
        for thread, sock in zip(threads, opened, strict=True):
            thread.join()
            sock.close()


def listen(kind: str, sock: socket.socket, heard: list[str], ended: threading.Event) -> None:
    while not ended.is_set():
        with contextlib.suppress(OSError):
            if sock.type == socket.SOCK_STREAM:
                connection, _ = sock.accept()
                heard.append(kind)
                with connection:
                    connection.send(b"CANARY-network")
            else:
                _, address = sock.recvfrom(1000)
                heard.append(kind)
                sock.sendto(b"CANARY-network", address)


def processes() -> set[str]:
    """Processes that this one has started, or that have to do with its folder."""
    mark = os.environ["TMPDIR"]
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            texts = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            own = int(entry.name) == os.getpid() or b"multiprocessing" in texts
            if mark.encode() in texts and not own:
                found.add(f"{entry.name} {texts[:80]!r}")
    return found


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_earns_what_it_deserves(scene, name):
    attack, line = ATTACKS[name], scene.line(name)
    points = tuple(exercise.points for exercise in line.exercises)
    assert points == attack.deserves, line.reason
    assert attack.reason in line.reason
    assert bool(line.reason) == (line.status != "graded"), line.reason
    if attack.status:
        assert line.status == attack.status, line.reason


def test_everyone_has_a_line(scene):
    assert {line.student for line in scene.grading.results} == {*ATTACKS, *HONEST}


def test_honest_submissions_are_graded_as_when_graded_alone(scene):
    for name in HONEST:
        batch = scene.classroom.find_submissions("small_sums", [name])
        [alone] = grade(scene.classroom, batch, Options(force=True)).results
        assert replace(alone, seconds=0) == replace(scene.line(name), seconds=0)
    shared.stop()


def test_nothing_hidden_was_read(scene):
    root = scene.classroom.root
    came_back = [*(root / "autograded").rglob("*"), *(root / "private/results").rglob("*")]
    came_back = [path for path in came_back if path.is_file() and path.name != "places.json"]
    assert len(came_back) > len(ATTACKS)
    for path in came_back:
        text = path.read_bytes().decode(errors="replace")
        assert not [name for name, canary in scene.canaries.items() if canary in text], path


def test_nobody_outside_was_talked_to(scene):
    assert scene.heard == []


def test_nothing_outside_was_changed(scene):
    folders = [Path(folder) for folder in code_folders(scene.classroom.root.parent)]
    folders += [Path("/tmp"), Path("/dev/shm"), Path("/var/tmp"), Path(sys.prefix)]
    for folder in folders:
        assert not [*folder.glob("*lepton_attack*"), *folder.glob("lepton-attack*")]
    assert not (scene.classroom.root / "autograded/changed_grades/small_sums/x").exists()


def test_nothing_is_left_behind(scene):
    assert scene.left == []


def test_no_attack_held_the_batch_up_beyond_its_limit(scene):
    """Within half as much again, for start and clean-up on a busy machine."""
    longest = 1.5 * LIMITS.resources.wall_seconds
    slow = {line.student: line.seconds for line in scene.grading.results if line.seconds > longest}
    assert not slow


def eventually(condition, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()
