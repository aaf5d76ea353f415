"""Make the skeleton of a module or an exercise; the certificate lists what is to be written."""

from __future__ import annotations

import ast
import keyword
import re
from pathlib import Path

import nbformat
import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.curriculum.module_plan import TERMS
from autograder.curriculum.modules import module_id
from autograder.proof.lint.notebook_form import code
from lepton_course.declared_exercises import DECLARATIONS, load_exercises
from lepton_course.errors import CourseError
from lepton_course.syllabus import PLAN, Module, load_syllabus

TEMPLATES = Path(__file__).parent / "templates"
NAMES_IN_TEMPLATE = ("task", "cases", "exercise", "Call", "Case", "close")
GRADED, UNGRADED = 4, 3
MINUTES, DIFFICULTY = 15, 2
DEEPER_MINUTES = 30


class CannotScaffold(CourseError):
    """Nothing was made; the message says why and what to do."""


def scaffold_module(module: str, curriculum: Path) -> Path:
    """Make a module of the syllabus in `curriculum`; return its folder. Raises CannotScaffold."""
    entries = {entry.id: entry for entry in load_syllabus(curriculum)}
    if module not in entries:
        raise CannotScaffold(
            f"{module!r} is not in syllabus.yml. Add it there first; its modules: "
            f"{', '.join(entries)}."
        )
    folder = curriculum / module
    if folder.exists():
        raise CannotScaffold(
            f"{folder} is already there. Add to it: lepton new exercise {module} …"
        )
    graded = {f"exercise_{number}": 2.0 for number in range(1, GRADED + 1)}
    names = {**graded, **{f"try_{number}": 0.0 for number in range(1, UNGRADED + 1)}}
    (folder / "figures").mkdir(parents=True)
    _write_exercises(folder, names)
    (folder / PLAN).write_text(_plan(entries[module]), encoding="utf-8")
    _keep_only_the_id(curriculum / "syllabus.yml", module)
    nbformat.write(_lesson(entries[module]), folder / "lesson.ipynb")
    nbformat.write(_deeper(entries[module]), folder / "deeper.ipynb")
    nbformat.write(_assignment(entries[module], graded), folder / "assignment.ipynb")
    return folder


def scaffold_exercise(folder: Path, name: str, points: float) -> None:
    """Add a graded exercise to a module's exercises and assignment. Raises CannotScaffold."""
    if not name.isidentifier() or keyword.iskeyword(name):
        raise CannotScaffold(f"{name!r} is not a name that a learner can define in Python.")
    if name in NAMES_IN_TEMPLATE:
        raise CannotScaffold(f"{name!r} is a name that the exercise's file uses. Choose another.")
    package = folder / DECLARATIONS.parent
    listing = folder / DECLARATIONS
    declared = load_exercises(folder)
    if name in declared or (package / f"{name}.py").exists():
        raise CannotScaffold(f"{package} declares {name!r} already. Choose another name.")
    files = _listed(listing)
    graded = [file for file in files if file in declared and declared[file].points]
    place = files.index(graded[-1]) + 1 if graded else 0
    lines = _relisted(listing, [*files[:place], name, *files[place:]])
    notebook_path = folder / "assignment.ipynb"
    notebook = nbformat.read(notebook_path, as_version=4)
    place = _before_open_question(notebook)
    notebook.cells[place:place] = _exercise_cells(name, points)
    (package / f"{name}.py").write_text(_exercise(name, points), encoding="utf-8")
    listing.write_text(lines, encoding="utf-8")
    nbformat.write(notebook, notebook_path)


def _write_exercises(folder: Path, names: dict[str, float]) -> None:
    package = folder / DECLARATIONS.parent
    package.mkdir()
    for name, points in names.items():
        (package / f"{name}.py").write_text(_exercise(name, points), encoding="utf-8")
    head = f'"""Exercises of {module_id(folder)}: the assignment\'s, then the lesson\'s."""\n\n'
    (folder / DECLARATIONS).write_text(head + _list_of(list(names)), encoding="utf-8")


def _exercise(name: str, points: float) -> str:
    text = (TEMPLATES / "exercise.py.txt").read_text(encoding="utf-8")
    return text.replace("NAME", name).replace("POINTS", f"{points:g}")


def _listed(listing: Path) -> list[str]:
    """Return the files that a module's list of exercises names, in order."""
    try:
        return [ast.literal_eval(entry) for entry in _list_in(listing).value.elts]
    except ValueError:
        raise CannotScaffold(f"EXERCISES in {listing} must be a list of file names.") from None


def _relisted(listing: Path, files: list[str]) -> str:
    """Return the text of a module's list of exercises with its files replaced by these."""
    lines = listing.read_text(encoding="utf-8").splitlines()
    old = _list_in(listing)
    lines[old.lineno - 1 : old.end_lineno] = _list_of(files).splitlines()
    return "\n".join(lines) + "\n"


def _list_of(files: list[str]) -> str:
    return "EXERCISES = [\n" + "".join(f'    "{file}",\n' for file in files) + "]\n"


def _list_in(listing: Path) -> ast.Assign:
    for node in ast.parse(listing.read_text(encoding="utf-8")).body:
        if _is_list(node):
            return node
    raise CannotScaffold(f"{listing} has no list EXERCISES to add to.")


def _is_list(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Assign)
        and getattr(node.targets[0], "id", "") == "EXERCISES"
        and isinstance(node.value, ast.List)
    )


def _plan(entry: Module) -> str:
    lesson, assignment = entry.minutes
    minutes = f"{{lesson: {lesson}, deeper: {DEEPER_MINUTES}, assignment: {assignment}}}"
    listing = {"title": entry.title, "about": entry.about}
    text = (TEMPLATES / "module.yml.txt").read_text(encoding="utf-8")
    text = text.replace("TERMS\n", "".join(f"  - {term}\n" for term in _terms()) + "\n")
    head = yaml.safe_dump(listing, allow_unicode=True, sort_keys=False, width=100)
    needed = ", ".join(entry.prerequisites)
    return text.replace("LISTING", f"{head}minutes: {minutes}\nprerequisites: [{needed}]\n")


def _terms() -> list[str]:
    return [f"TODO term {number}" for number in range(1, TERMS[0] + 1)]


def _keep_only_the_id(syllabus: Path, module: str) -> None:
    """Remove a module's title, minutes and so on from the syllabus; module.yml has them now."""
    text = syllabus.read_text(encoding="utf-8")
    entry = rf"(- id: {re.escape(module)}\n)(?:[ \t]+\S.*\n?)+"
    syllabus.write_text(re.sub(entry, r"\1", text), encoding="utf-8")


def _deeper(entry: Module) -> NotebookNode:
    text = (TEMPLATES / "deeper.md").read_text(encoding="utf-8")
    return _notebook(text.replace("TITLE", entry.title).replace("MODULE", entry.id))


def _lesson(entry: Module) -> NotebookNode:
    text = (TEMPLATES / "lesson.md").read_text(encoding="utf-8")
    text = text.replace("TERMS", ", ".join(f"**{term}**" for term in _terms()))
    text = text.replace("TITLE", entry.title).replace("MODULE", entry.id)
    text = text.replace("MINUTES", str(entry.minutes[0]))
    return _notebook(text)


def _assignment(entry: Module, graded: dict[str, float]) -> NotebookNode:
    text = (TEMPLATES / "assignment.md").read_text(encoding="utf-8")
    notebook = _notebook(text.replace("TITLE", entry.title).replace("MODULE", entry.id))
    question = new_markdown_cell("### BEGIN SOLUTION\nTODO: one good answer.\n### END SOLUTION")
    question.metadata["nbgrader"] = _mark("open_question", True, True, points=2)
    notebook.cells.append(question)
    place = _before_open_question(notebook)
    notebook.cells[place:place] = [
        cell for name, points in graded.items() for cell in _exercise_cells(name, points)
    ]
    return notebook


def _notebook(text: str) -> NotebookNode:
    """Return a notebook from a text where `%%` starts a text cell and `%% code` a code cell."""
    cells = []
    for part in text.split("\n%%")[1:]:
        kind, _, source = part.partition("\n")
        make = new_code_cell if kind.strip() == "code" else new_markdown_cell
        cells.append(make(source.strip()))
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def _exercise_cells(name: str, points: float) -> list[NotebookNode]:
    card = "●" * DIFFICULTY + "○" * (5 - DIFFICULTY)
    statement = new_markdown_cell(
        f"## TODO: a title\n\n**Write** `{name}(x)`: TODO, what it does.\n\n"
        "- `x`: TODO, type, shape and unit.\n- **Returns** TODO.\n\n"
        f"**Example:** TODO.\n\n*Difficulty {card} · {MINUTES} minutes · {points:g} points*"
    )
    answer = new_code_cell(
        f"def {name}(x):\n    ### BEGIN SOLUTION\n"
        '    raise NotImplementedError("TODO: the solution")\n    ### END SOLUTION'
    )
    answer.metadata["nbgrader"] = _mark(f"{name}-answer", False, True)
    grade = new_code_cell(f'check("{name}")')
    grade.metadata["nbgrader"] = _mark(name, True, False, points=points)
    return [statement, answer, grade]


def _mark(grade_id: str, grade: bool, solution: bool, **points: float) -> dict[str, object]:
    return {
        "grade_id": grade_id,
        "grade": grade,
        "solution": solution,
        "locked": grade and not solution,
        "schema_version": 3,
        "task": False,
        **points,
    }


def _before_open_question(notebook: NotebookNode) -> int:
    """Return the index for a new exercise: after the last grade cell, or else the setup cell."""
    grades = [
        index + 1
        for index, cell in enumerate(notebook.cells)
        if cell.metadata.get("nbgrader", {}).get("grade") and cell.cell_type == "code"
    ]
    return max(grades, default=next((number for number, _ in code(notebook)), 0))
