"""Build the student's curriculum: notebooks without solutions, checks compiled to data.

`lepton build` writes it into the package (`lepton_course/curriculum`); the wheel and a learner's
workspace are made from there. Each exercise and each notebook is rebuilt only when something that
it depends on has changed: what was built is kept, under its content key, in a folder beside the
result. So an interrupted build resumes where it stopped. A module's folder is replaced as a whole,
once all of its parts are built.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import nbformat
from filelock import FileLock, Timeout

from autograder.curriculum import student_notebooks
from autograder.curriculum.compiling import (
    CompilePool,
    CompileTask,
    compile_to_file,
    list_exercises,
    longest_first,
    merge_questions,
)
from autograder.curriculum.content_key import declarations_key, exercise_keys, key_of_files
from autograder.curriculum.module_folder import (
    ModuleBuild,
    assemble,
    is_complete,
    write_whole,
)
from autograder.curriculum.modules import CLONE, CURRICULUM, module_id, modules_in
from autograder.curriculum.student_notebooks import ask_quiz, student_notebook
from lepton_course.checks import code_marks, quiz_questions
from lepton_course.progress_bar import progress_bar
from lepton_course.syllabus import PACKAGED, TOOLBOX

_STAMPS = "build.json"


@dataclass(frozen=True)
class Built:
    """The parts that a build renewed: modules by id, exercises and notebooks as `module: name`."""

    modules: tuple[str, ...]
    exercises: tuple[str, ...]
    notebooks: tuple[str, ...]


def build(
    curriculum: Path = CURRICULUM,
    out: Path = PACKAGED,
    progress: Callable[[str], object] = print,
    bar: bool = False,
    clone: Path = CLONE,
) -> Built:
    """Bring the student's curriculum in `out` up to date, and return what was rebuilt.

    progress: called with a line of text for each module. bar: draw a progress bar on a terminal.
    clone: the clone whose helpers, data sets and pinned versions the content keys cover.

    Raises ValueError, naming each exercise and notebook that cannot be built. Everything else is
    built first; a module with such a part stays as it was.
    """
    kept = out.with_name(f".{out.name}-build")
    kept.mkdir(parents=True, exist_ok=True)
    with _build_lock(kept, progress):
        return _Build(curriculum, out, kept, progress, bar, clone).run()


class _Build:
    """One run of the build: its steps and their state."""

    def __init__(
        self,
        curriculum: Path,
        out: Path,
        kept: Path,
        progress: Callable[[str], object],
        bar: bool,
        clone: Path,
    ) -> None:
        self.curriculum = curriculum
        self.out = out
        self.kept = kept
        self.progress = progress
        self.bar = bar
        self.clone = clone
        self.problems: dict[str, str] = {}
        self.exercises: list[str] = []
        self.notebooks: list[str] = []

    def run(self) -> Built:
        """Run all steps. Raises ValueError if anything cannot be built."""
        self.out.mkdir(parents=True, exist_ok=True)
        self._recover()
        stamps = _read_stamps(self.out)
        folders = list(modules_in(self.curriculum))
        with CompilePool() as pool:
            plans = self._plans(pool, folders)
            changed = [
                p for p in plans if stamps.get(p.id) != p.key or not is_complete(p, self.out)
            ]
            self._compile(pool, changed)
            whole = [plan for plan in changed if plan.id not in self.problems]
            self._merge(pool, whole)
        self._put_in_place(whole, stamps, {module_id(folder) for folder in folders})
        if self.problems:
            raise ValueError("\n".join(self.problems.values()))
        needed = {path for plan in plans for path in plan.needs()}
        _remove_others(self.kept, needed)
        modules = tuple(plan.id for plan in whole)
        return Built(modules, tuple(self.exercises), tuple(self.notebooks))

    def _plans(self, pool: CompilePool, folders: Sequence[Path]) -> list[ModuleBuild]:
        """Return the parts of each module, leaving out modules whose exercises cannot be loaded."""
        listings = {}
        for folder in folders:
            try:
                listings[folder] = (
                    self.kept / f"{declarations_key(folder, self.clone)}.exercises.json"
                )
            except (SyntaxError, ValueError) as error:
                self._fail(module_id(folder), f"{type(error).__name__}: {error}")
        missing = [(folder, path) for folder, path in listings.items() if not path.is_file()]
        for (folder, _), problem in pool.run(list_exercises, missing):
            if problem:
                self._fail(module_id(folder), problem)
        return [
            self._plan(folder, listing)
            for folder, listing in listings.items()
            if module_id(folder) not in self.problems
        ]

    def _plan(self, folder: Path, listing: Path) -> ModuleBuild:
        names = [entry["name"] for entry in json.loads(listing.read_text(encoding="utf-8"))]
        keys = exercise_keys(folder, names, self.clone)
        return ModuleBuild(
            folder,
            listing,
            {name: self.kept / f"{key}.npz" for name, key in keys.items()},
            {
                path.name: self.kept / f"{student_notebook_key(path)}.ipynb"
                for path in sorted(folder.glob("*.ipynb"))
            },
        )

    def _compile(self, pool: CompilePool, plans: Sequence[ModuleBuild]) -> None:
        """Build the missing parts: exercises in the pool, notebooks meanwhile in this process."""
        tasks = [
            CompileTask(plan.folder, name, path)
            for plan in plans
            for name, path in plan.questions.items()
            if not path.is_file()
        ]
        results = pool.run(compile_to_file, longest_first(tasks))
        for plan in plans:
            for name, path in plan.notebooks.items():
                if not path.is_file():
                    self._build_notebook(plan, name, path)
        if self.bar:
            results = progress_bar(results, total=len(tasks), desc="Building exercises")
        for task, problem in results:
            self.exercises.append(f"{module_id(task.folder)}: {task.name}")
            if problem:
                self._fail(module_id(task.folder), f"{task.name}: {problem}")

    def _build_notebook(self, plan: ModuleBuild, name: str, target: Path) -> None:
        self.notebooks.append(f"{plan.id}: {name}")
        try:
            notebook = student_notebook(nbformat.read(plan.folder / name, as_version=4))
            if questions := ask_quiz(notebook):
                write_whole(
                    target.with_suffix(".quiz.json"), quiz_questions.quiz_to_json(questions)
                )
            write_whole(target, nbformat.writes(notebook) + "\n")
        except Exception as error:
            self._fail(plan.id, f"{name}: {error}")

    def _merge(self, pool: CompilePool, plans: Sequence[ModuleBuild]) -> None:
        missing = {plan.checks: plan for plan in plans if not plan.checks.is_file()}
        tasks = [(tuple(plan.questions.values()), checks) for checks, plan in missing.items()]
        for (_, checks), problem in pool.run(merge_questions, tasks):
            if problem:
                self._fail(missing[checks].id, problem)

    def _put_in_place(
        self, plans: Sequence[ModuleBuild], stamps: dict[str, str], modules: set[str]
    ) -> None:
        for plan in plans:
            if plan.id not in self.problems:
                self.progress(f"Building {plan.id}")
                _replace_folder(assemble(plan, self.kept / "fresh"), self.out / plan.id, self.kept)
                stamps[plan.id] = plan.key
                _write_stamps(self.out, stamps)
        for name in set(stamps) - modules:
            shutil.rmtree(self.out / name, ignore_errors=True)
            del stamps[name]
        _write_stamps(self.out, stamps)
        syllabus = (self.curriculum / "syllabus.yml").read_text(encoding="utf-8")
        write_whole(self.out / "syllabus.yml", syllabus)
        _put_toolbox(self.curriculum, self.out)

    def _recover(self) -> None:
        """Restore a module's folder that a killed build had just moved away."""
        for folder in modules_in(self.curriculum):
            target, former = self.out / module_id(folder), self.kept / "former" / module_id(folder)
            if former.is_dir() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                former.rename(target)
        for name in ("former", "fresh"):
            shutil.rmtree(self.kept / name, ignore_errors=True)

    def _fail(self, module: str, problem: str) -> None:
        before = self.problems.get(module)
        text = f"{module}: {problem}"
        self.problems[module] = f"{before}\n{text}" if before else text


def student_notebook_key(path: Path) -> str:
    """Return the content key of a notebook's student version."""
    versions = {name: version(name) for name in ("nbgrader", "nbformat")}
    code = [path, *(Path(m.__file__) for m in (student_notebooks, quiz_questions, code_marks))]
    return key_of_files(f"student {path.name} {versions}", code, path.parent)


def _put_toolbox(curriculum: Path, out: Path) -> None:
    if not (curriculum / TOOLBOX).is_file():
        (out / TOOLBOX).unlink(missing_ok=True)
        return
    notebook = student_notebook(nbformat.read(curriculum / TOOLBOX, as_version=4))
    write_whole(out / TOOLBOX, nbformat.writes(notebook) + "\n")


def _replace_folder(fresh: Path, target: Path, kept: Path) -> None:
    """Replace the target folder by `fresh`. `_recover` repairs what a kill in between leaves."""
    former = kept / "former" / target.parent.name / target.name
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        former.parent.mkdir(parents=True, exist_ok=True)
        target.rename(former)
    fresh.rename(target)
    shutil.rmtree(former, ignore_errors=True)


@contextmanager
def _build_lock(kept: Path, progress: Callable[[str], object]) -> Iterator[None]:
    """Hold the build's lock, waiting for another build to finish."""
    lock = FileLock(kept / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress("Another build is at work; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _remove_others(kept: Path, needed: set[Path]) -> None:
    for path in kept.iterdir():
        if path.is_file() and path not in needed and path.name != "lock":
            path.unlink(missing_ok=True)


def _read_stamps(out: Path) -> dict[str, str]:
    """Return the key of each module's folder. Keys of older versions never equal today's."""
    try:
        return dict(json.loads((out / _STAMPS).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _write_stamps(out: Path, stamps: dict[str, str]) -> None:
    write_whole(out / _STAMPS, json.dumps(stamps, indent=1))
