"""What docs/walls.md says of each mode is what an attempt from within finds, for each user."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import tempfile
from functools import partial
from pathlib import Path

import pytest
from within_walls import in_process

from autograder.sandbox import system_calls
from autograder.sandbox.choice import NoWallsError, choose_walls
from autograder.sandbox.control_group import ControlGroup, make_group, parent_group
from autograder.sandbox.limits import ResourceLimits
from autograder.sandbox.resource_usage import HIDDEN_TIMES, UsageMeter, folder_usage
from autograder.sandbox.trial import ATTEMPTS, open_ways
from autograder.sandbox.walls import Survey, Walls, World, survey

PAGE = Path(__file__).resolve().parents[2] / "docs/walls.md"
MODES = {
    "all three": Walls(),
    "no Landlock": Walls(landlock=False),
    "no namespaces": Walls(namespaces=False),
    "no filter": Walls(system_calls=False),
}
USERS = ("root", "nobody") if os.geteuid() == 0 else ("user",)

walls_needed = pytest.mark.skipif(
    survey().walls != Walls(), reason=f"walls are missing: {survey().problems}"
)


def documented(mode: str) -> list[str]:
    """What the page says is not stopped in a mode."""
    lines = [line.strip("| \n").split(" | ") for line in PAGE.read_text().splitlines()]
    [heads] = [cells for cells in lines if cells[0] == "a submission tries to"]
    rows = [cells for cells in lines if cells[0] in ATTEMPTS]
    assert [cells[0] for cells in rows] == list(ATTEMPTS)
    return [cells[0] for cells in rows if cells[heads.index(mode)] != "stopped"]


def found_open(walls: Walls, user: str) -> list[str]:
    """What succeeds from within these walls."""
    text = in_process(lambda: json.dumps(open_ways(walls)), user == "nobody")
    return [what for what, succeeded in json.loads(text).items() if succeeded]


@walls_needed
@pytest.mark.attack
@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("mode", MODES)
def test_the_page_says_what_holds(mode, user):
    assert found_open(MODES[mode], user) == documented(mode)


@walls_needed
def test_namespaces_alone_stop_what_they_stop_without_the_filter():
    assert found_open(Walls(True, False, False), USERS[-1]) == documented("no filter")


@walls_needed
def test_without_walls_the_attempts_succeed():
    others = {"read processes' memory", "open devices", "change the machine's settings"}
    found = set(found_open(Walls(False, False, False), USERS[0]))
    assert found | others == set(ATTEMPTS)


@walls_needed
def test_an_attempt_is_not_held_to_be_stopped_for_want_of_descriptors():
    limit = World(Path("nowhere")).limits.open_files
    with contextlib.ExitStack() as stack:
        for _ in range(limit):
            stack.enter_context(open(os.devnull))
        test_without_walls_the_attempts_succeed()


def evasion_of_an_ended_child(folder: Path) -> str:
    """Have a child that has ended and that nobody has waited for; what a meter says of it."""
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    meter = UsageMeter(World(folder))
    return [meter.measure(0).evasion for _ in range(HIDDEN_TIMES)][-1]


@pytest.mark.parametrize("user", USERS)
def test_a_process_that_has_ended_hides_nothing(user):
    with tempfile.TemporaryDirectory(prefix="lepton-") as folder:
        os.chmod(folder, 0o755)
        said = in_process(partial(evasion_of_an_ended_child, Path(folder)), user == "nobody")
    assert said == ""


def test_a_file_that_is_removed_meanwhile_hides_no_other(tmp_path, monkeypatch):
    """A program may make and remove files all the time: those beside them fill the disk."""
    with open(tmp_path / "large", "wb") as file:
        file.write(bytes(2**16))
        os.fsync(file.fileno())
    before = folder_usage(tmp_path, 10)
    assert before[1] > 0
    usual = os.scandir

    class Removed:
        is_dir = staticmethod(lambda **_: False)

        def stat(self, **_: object) -> os.stat_result:
            raise FileNotFoundError

    @contextlib.contextmanager
    def listed(folder: str):
        with usual(folder) as entries:
            yield iter([Removed(), *entries])

    monkeypatch.setattr(os, "scandir", listed)
    assert folder_usage(tmp_path, 10) == (before[0] + 1, before[1])


def test_landlock_alone_is_refused(monkeypatch):
    alone = Survey(Walls(False, True, False), "none", "", "this kernel has no seccomp")
    monkeypatch.setattr("autograder.sandbox.choice.survey", lambda: alone)
    with pytest.raises(NoWallsError, match="this kernel has no seccomp"):
        choose_walls("auto")


ALLOWED, KILLED = "allowed", "killed"


def verdict(program: bytes, call: int, *arguments: int, architecture: int = 0xC000003E) -> object:
    """What a filter's program says of a call: an error number, or one of the two words."""
    seen = [call, architecture, 0, 0]
    for argument in (*arguments, *[0] * (6 - len(arguments))):
        seen += [argument & 0xFFFFFFFF, argument >> 32]
    at = value = 0
    while True:
        code, then, otherwise, number = system_calls.INSTRUCTION.unpack_from(program, at)
        at += 8
        if code == 0x20:
            value = seen[number // 4]
        elif code == 0x54:
            value &= number
        elif code == 0x15:
            at += 8 * (then if value == number else otherwise)
        elif code == 0x35:
            at += 8 * (then if value >= number else otherwise)
        else:
            assert code == 0x06
            return {0x7FFF0000: ALLOWED, 0x80000000: KILLED}.get(number, number & 0xFFFF)


def test_a_filter_decides_by_all_of_an_argument():
    says = partial(verdict, system_calls.compiled(system_calls.rules(True, 7), "x86_64"))
    mmap, shared, private = 9, 0x21, 0x22
    assert says(mmap, 0, system_calls.SHARED_BYTES, 3, shared) == ALLOWED
    assert says(mmap, 0, system_calls.SHARED_BYTES + 1, 3, shared) == errno.ENOMEM
    assert says(mmap, 0, 1 << 32, 3, shared) == errno.ENOMEM
    assert says(mmap, 0, 1 << 40, 3, private) == ALLOWED
    clone, clone_newuser = 56, 1 << 28
    assert says(clone, 17) == ALLOWED
    assert says(clone, clone_newuser | 17) == errno.EPERM
    thread, same_files = 1 << 16, 1 << 10
    assert says(clone, thread | same_files) == ALLOWED
    assert says(clone, thread) == errno.EPERM
    assert says(0) == ALLOWED


def test_a_filter_knows_programs_with_other_numbers_for_calls():
    for machine, other in (("x86_64", 0x40000003), ("aarch64", 0x40000028)):
        program = system_calls.compiled(system_calls.rules(True, 7), machine)
        assert verdict(program, 0, architecture=other) == KILLED
    program = system_calls.compiled(system_calls.rules(True, 7), "x86_64")
    assert verdict(program, 0x40000000) == errno.ENOSYS


def test_without_namespaces_an_old_landlock_needs_more_rules():
    kill, prctl = 62, 157
    old = partial(verdict, system_calls.compiled(system_calls.rules(False, 2), "x86_64"))
    new = partial(verdict, system_calls.compiled(system_calls.rules(False, 7), "x86_64"))
    assert new(kill, os.getpid() + 1, 9) == ALLOWED
    assert old(kill, os.getpid() + 1, 9) == errno.EPERM
    assert old(kill, os.getpid(), 9) == ALLOWED
    assert old(prctl, 4, 0) == errno.EPERM
    assert old(prctl, 4, 1) == ALLOWED


def test_without_namespaces_files_attributes_seem_to_be_changed():
    says = partial(verdict, system_calls.compiled(system_calls.rules(False, 7), "x86_64"))
    fchmod, utimensat, name, now, then = 91, 280, 1 << 33 | 5, 0, 1 << 40 | 7
    assert says(fchmod, 3, 0o755) == 0
    assert says(utimensat, 3, name, then) == 0
    assert says(utimensat, 3, 0, now) == 0
    assert says(utimensat, 3, name, now) == errno.EPERM


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A made-up tree of groups: the user's own session, in which groups count memory."""
    session = tmp_path / "user.slice/app.slice"
    (session / "run.scope").mkdir(parents=True)
    for folder in (session, session / "run.scope"):
        (folder / "cgroup.procs").touch()
    (session / "cgroup.subtree_control").write_text("memory pids\n")
    (tmp_path / "cgroup.subtree_control").write_text("memory\n")
    return tmp_path


def test_a_group_is_made_beside_ones_own(system):
    assert parent_group("0::/user.slice/app.slice/run.scope\n", system) == (
        system / "user.slice/app.slice"
    )


def test_no_group_is_made_where_memory_is_not_counted(system):
    (system / "user.slice/app.slice/cgroup.subtree_control").write_text("pids\n")
    assert parent_group("0::/user.slice/app.slice/run.scope\n", system) is None
    assert parent_group("4:memory:/user.slice\n", system) is None
    assert make_group(ResourceLimits(), system / "nothing") is None


def test_a_group_that_the_kernel_has_ended_says_so(tmp_path):
    group = ControlGroup(tmp_path, 512 * 2**20)
    (tmp_path / "memory.events").write_text("low 0\nmax 7\noom 0\noom_kill 0\n")
    assert group.overrun() is None
    (tmp_path / "memory.events").write_text("low 0\nmax 7\noom 1\noom_kill 3\n")
    assert group.overrun() == "it used more than 512 MiB of memory in all"
