"""What all tests share: where things are, what is made once, and the order in which files run."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
import yaml
from executed_notebooks import ExecutedNotebooks, shared_folder
from filelock import FileLock

from autograder.kernels.owner import Zygote, shared
from lepton_course.declared_exercises import DECLARATIONS
from lepton_course.syllabus import PACKAGED

CLONE = Path(__file__).resolve().parents[1]

_LONGEST_FIRST = (
    "test_notebooks",
    "test_certificate",
    "test_team",
    "test_browser",
    "test_team_killed",
    "test_stock_courses",
    "test_browser_first_answer",
    "test_browser_executed",  # well after the notebooks, whose execution it would wait for
    "test_resume",
    "test_browser_pages",
    "test_run",
    "test_evening",
    "test_demo",
    "test_browser_learner",
    "test_browser_panel",
    "test_fuzz_pages",
    "test_formgrader",
    "test_hub_permissions",
    "test_team_sharing",
    "test_cluster",
    "test_stock_situations",
    "test_site",
    "test_kernels",
    "test_grading",
    "test_distributed",
    "test_no_solutions",
    "test_cluster_tls",
    "test_execution",
    "test_build",
)
"""Files whose tests take longest start first, so that no process is left waiting at the end."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without searching for garbage: a million objects are made, and all of them stay.

    Nor does any later search go through them again.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files start first, each test has an id of its own, and `make attack` finds its tests."""
    again = [id_ for id_, times in Counter(item.nodeid for item in items).items() if times > 1]
    if again:  # of tests with one id, xdist runs the first alone
        raise pytest.UsageError(f"several tests have the id {', '.join(again)}")
    astray = [
        item.nodeid
        for item in items
        if item.get_closest_marker("attack") and item.path.parent != CLONE / "tests" / "sandbox"
    ]
    if astray:
        raise pytest.UsageError(f"attacks stand in tests/sandbox, not in {', '.join(astray)}")
    order = {stem: place for place, stem in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


def declare(module: Path, source: str) -> None:
    """Has a module of a made-up curriculum declare exercises."""
    path = module / DECLARATIONS
    path.parent.mkdir(exist_ok=True)
    path.write_text(source, encoding="utf-8")


def skip_unless_ci(reason: str) -> None:
    """Skip the test, but fail where CI=true: there, everything must be present."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (in CI this is a failure)")
    pytest.skip(reason)


@contextmanager
def own_zygote(preload: tuple[str, ...]) -> Iterator[None]:
    """Have this process's kernels forked from a zygote with these imports.

    The one with the frameworks, where there is one, waits meanwhile: to start it takes seconds.
    """
    usual = dict(vars(shared))
    vars(shared).update(vars(Zygote(preload)))
    try:
        yield
    finally:
        shared.stop()
        vars(shared).update(usual)


@pytest.fixture(scope="module")
def small_zygote(request: pytest.FixtureRequest) -> Iterator[None]:
    """A zygote with few imports starts soon; a file's tests say which in `PRELOAD`."""
    with own_zygote(request.module.PRELOAD):
        yield


@pytest.fixture(scope="session")
def clone() -> Path:
    """The clone of the course that is tested."""
    return CLONE


@pytest.fixture(scope="session")
def built_curriculum() -> Path:
    """The student's curriculum as the package carries it."""
    folder = CLONE / "lepton_course" / "curriculum"
    if not (folder / "syllabus.yml").is_file():
        pytest.fail("The student's curriculum is not built. Run: make build")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium for browser tests; skips where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        skip_unless_ci("No Chromium found. On Debian: sudo apt install chromium")
    return found


@pytest.fixture(scope="session")
def executed_notebooks(tmp_path_factory: pytest.TempPathFactory) -> ExecutedNotebooks:
    """The course's notebooks, each executed once in this run."""
    return ExecutedNotebooks(shared_folder(tmp_path_factory))


def clean_environment() -> dict[str, str]:
    """The environment of a user who has no clone: nothing that leads Python into it."""
    left_out = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if name not in left_out}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built once in a run, whichever process asks first."""
    copy = shared_folder(tmp_path_factory) / "clone"
    with FileLock(copy.with_suffix(".lock")):
        if not list((copy / "dist").glob("*.whl")):
            build_wheel(copy)
    [made] = (copy / "dist").glob("*.whl")
    return made


def build_wheel(copy: Path) -> None:
    """Build a wheel from a copy of the clone as git would check it out.

    What `make build` has built comes along: a module is built again there unless all that it is
    made of is the same in both.
    """
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=CLONE, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (CLONE / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(CLONE / name, copy / name)
    built = PACKAGED.relative_to(CLONE)
    if (CLONE / built).is_dir():
        shutil.copytree(CLONE / built, copy / built, dirs_exist_ok=True)
    for command in (
        ["-c", "from autograder.curriculum.build import build; build()"],
        ["-m", "build", "--wheel", "--no-isolation"],
    ):
        subprocess.run([sys.executable, *command], cwd=copy, check=True, env=clean_environment())


class SmallCurriculum:
    """A made-up student's curriculum of one ready and one planned module, in its own folder."""

    ready = "basics/01_first"
    planned = "basics/02_second"
    lesson = f"{ready}/lesson.ipynb"
    exercises = ("add", "multiply")

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        entries = [
            {"id": module, "title": title, "about": "a test", "minutes": [10, 20],
             "prerequisites": []}
            for module, title in ((self.ready, "First"), (self.planned, "Second"))
        ]  # fmt: skip
        home = folder / self.ready
        (home / "figures").mkdir(parents=True)
        (folder / "syllabus.yml").write_text(yaml.safe_dump(entries), encoding="utf-8")
        (home / "figures" / "plot.svg").write_text("<svg/>", encoding="utf-8")
        (home / "checks.npz").write_bytes(b"answers are decided here")
        (home / "exercises.json").write_text(json.dumps([{"name": n} for n in self.exercises]))
        self.write_lesson("x = 1")
        write_notebook(home / "assignment.ipynb", ["def add(a, b): ...", 'check("add")'])

    def write_lesson(self, *sources: str) -> None:
        """Publish a (new) version of the lesson, with these code cells."""
        write_notebook(self.folder / self.lesson, list(sources))


@pytest.fixture
def small_curriculum(tmp_path: Path) -> SmallCurriculum:
    return SmallCurriculum(tmp_path / "small curriculum")


def write_notebook(path: Path, sources: list[str]) -> None:
    """A notebook of these code cells, without outputs."""
    cells = [nbformat.v4.new_code_cell(text, id=f"cell-{i}") for i, text in enumerate(sources)]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
