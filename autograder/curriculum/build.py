"""Builds the student's curriculum: notebooks without solutions, checks compiled to data.

`lepton build` writes it into the package (`lepton_course/curriculum`), from where the wheel and
the learner's workspace take it. A module is built again only when something it is made of has
changed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from traitlets.config import Config

import lepton_course.exercises
from lepton_course.checks import quizzes
from lepton_course.exercises.compiled import compile_exercise, save_questions
from lepton_course.exercises.declared import DECLARATIONS, load_exercises
from lepton_course.exercises.probes import Value
from lepton_course.syllabus import OPEN_FOLDERS, PACKAGED

CLONE = Path(__file__).resolve().parents[2]
CURRICULUM = CLONE / "curriculum"

CHECKS = "checks.npz"
EXERCISES = "exercises.json"
QUIZ_CELL = """\
# Run this cell (Shift+Enter) to answer with buttons, and to have your answers remembered.
from lepton_course import quiz

quiz()"""

_STAMPS = "build.json"


def build(
    curriculum: Path = CURRICULUM,
    out: Path = PACKAGED,
    progress: Callable[[str], None] = print,
) -> list[str]:
    """Brings the student's curriculum in `out` up to date; returns the modules built anew.

    Raises ValueError, naming the module, when an exercise or a notebook cannot be built; what
    was built before then stays as it is.
    """
    out.mkdir(parents=True, exist_ok=True)
    stamps = _read_stamps(out)
    modules = {
        folder.relative_to(curriculum).as_posix(): folder for folder in modules_in(curriculum)
    }
    built = []
    for name, folder in modules.items():
        digest = _digest(folder)
        if stamps.get(name) == digest and (out / name / CHECKS).is_file():
            continue
        progress(f"Building {name}")
        try:
            _build_module(folder, out / name)
        except Exception as error:
            raise ValueError(f"{name}: {error}") from error
        stamps[name] = digest
        built.append(name)
        _write_stamps(out, stamps)
    for name in set(stamps) - set(modules):
        shutil.rmtree(out / name, ignore_errors=True)
        del stamps[name]
    _write_stamps(out, stamps)
    shutil.copyfile(curriculum / "syllabus.yml", out / "syllabus.yml")
    return built


def modules_in(curriculum: Path) -> Iterator[Path]:
    """The folders of the modules that exist, in the order of their names."""
    yield from sorted(path.parents[1] for path in curriculum.glob(f"*/*/{DECLARATIONS.as_posix()}"))


def student_notebook(notebook: NotebookNode) -> NotebookNode:
    """The notebook as a student gets it: no solutions, no hidden tests, no outputs.

    Raises RuntimeError when a solution is not between its markers or stands outside a solution
    cell.
    """
    from nbgrader import preprocessors as steps

    config = Config()
    config.ClearSolutions.code_stub = {
        "python": "# YOUR CODE HERE\nraise NotImplementedError()",
    }
    for step in (
        steps.LockCells,
        steps.ClearSolutions,
        steps.ClearOutput,
        steps.ClearHiddenTests,
        steps.ClearMarkScheme,
        steps.ComputeChecksums,
    ):
        notebook, _ = step(config=config).preprocess(notebook, {"nbgrader": {}})
    return notebook


def ask_quiz(notebook: NotebookNode) -> tuple[quizzes.QuizQuestion, ...]:
    """Turns the notebook's written quiz into a cell that asks it; returns the questions.

    The cell's output holds the quiz as it was written, so that it reads without being run.
    """
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown" and cell.source.startswith(quizzes.HEADING):
            questions = quizzes.parse_quiz(cell.source)
            if not questions:
                return ()
            cell.source = quizzes.HEADING
            written = new_output("display_data", quizzes.fallback(questions))
            asking = new_code_cell(QUIZ_CELL, outputs=[written], id="quiz")
            asking.metadata["jupyter"] = {"source_hidden": True}
            notebook.cells.insert(place + 1, asking)
            return questions
    return ()


def copy_open_folders(module: Path, target: Path) -> None:
    """Copies what a learner gets besides the notebooks. How figures were drawn stays behind."""
    for name in OPEN_FOLDERS:
        if (module / name).is_dir():
            ignore = shutil.ignore_patterns("draw.py", "__pycache__")
            shutil.copytree(module / name, target / name, ignore=ignore)


def _build_module(folder: Path, target: Path) -> None:
    """Builds beside the target and moves the result there, so that no half-built module is seen."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".building-") as scratch:
        fresh = Path(scratch) / "module"
        fresh.mkdir()
        for path in sorted(folder.glob("*.ipynb")):
            notebook = student_notebook(nbformat.read(path, as_version=4))
            if questions := ask_quiz(notebook):
                (fresh / quizzes.FILE).write_text(quizzes.quiz_to_json(questions), encoding="utf-8")
            nbformat.write(notebook, fresh / path.name)
        copy_open_folders(folder, fresh)
        exercises = load_exercises(folder).values()
        save_questions(fresh / CHECKS, [compile_exercise(exercise) for exercise in exercises])
        listing = [
            {
                "name": e.name,
                "title": e.title,
                "points": e.points,
                "minutes": e.minutes,
                "is_prediction": isinstance(e.probe, Value),
            }
            for e in exercises
        ]
        (fresh / EXERCISES).write_text(json.dumps(listing, indent=1), encoding="utf-8")
        if target.exists():
            shutil.rmtree(target)
        fresh.rename(target)


def _digest(folder: Path) -> str:
    """A hash of all that a module's build depends on: its files and the exercise code."""
    code = [*Path(lepton_course.exercises.__file__).parent.glob("*.py"), Path(__file__)]
    code.append(Path(quizzes.__file__))
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    digest = hashlib.sha256()
    for path in sorted(code) + sorted(files):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _read_stamps(out: Path) -> dict[str, str]:
    try:
        return dict(json.loads((out / _STAMPS).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _write_stamps(out: Path, stamps: dict[str, str]) -> None:
    (out / _STAMPS).write_text(json.dumps(stamps, indent=1), encoding="utf-8")
