"""Begins a module or an exercise: the form is right, and the certificate lists what to write."""

from __future__ import annotations

import ast
import keyword
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.proof.pages import code
from lepton_course.syllabus import Module, load_syllabus

TEMPLATES = Path(__file__).parent / "templates"
GRADED, UNGRADED = 4, 3
MINUTES, DIFFICULTY = 15, 2


class CannotScaffold(Exception):
    """Nothing was made; the message says why and what to do."""


def scaffold_module(module: str, curriculum: Path) -> Path:
    """Makes a module of the syllabus in `curriculum`; returns its folder. Raises CannotScaffold."""
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
    (folder / "exercises.py").write_text(_exercises(module, names), encoding="utf-8")
    nbformat.write(_lesson(entries[module]), folder / "lesson.ipynb")
    nbformat.write(_assignment(entries[module], graded), folder / "assignment.ipynb")
    return folder


def scaffold_exercise(folder: Path, name: str, points: float) -> None:
    """Adds a graded exercise to a module's `exercises.py` and assignment. Raises CannotScaffold."""
    if not name.isidentifier() or keyword.iskeyword(name):
        raise CannotScaffold(f"{name!r} is not a name that a learner can define in Python.")
    path = folder / "exercises.py"
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    if any(getattr(node, "name", "") == name for node in tree.body):
        raise CannotScaffold(f"{path} defines {name!r} already. Choose another name.")
    listing = next(
        (node for node in tree.body
         if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "EXERCISES"),
        None,
    )  # fmt: skip
    if listing is None or not isinstance(listing.value, ast.List):
        raise CannotScaffold(f"{path} has no list EXERCISES to add to.")
    lines = source.splitlines()
    start, end = listing.lineno - 1, listing.value.end_lineno - 1
    lines[end:end] = _template("declaration.py.txt", name, points).splitlines()
    lines[start:start] = [*_template("functions.py.txt", name, points).splitlines(), "", ""]
    notebook_path = folder / "assignment.ipynb"
    notebook = nbformat.read(notebook_path, as_version=4)
    place = _before_open_question(notebook)
    notebook.cells[place:place] = _exercise_cells(name, points)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    nbformat.write(notebook, notebook_path)


def _exercises(module: str, names: dict[str, float]) -> str:
    functions = [_template("functions.py.txt", name, points) for name, points in names.items()]
    declarations = [_template("declaration.py.txt", name, points) for name, points in names.items()]
    head = (TEMPLATES / "head.py.txt").read_text(encoding="utf-8").replace("MODULE", module)
    body = "\n\n\n".join([head.rstrip(), *(text.rstrip() for text in functions)])
    return body + "\n\n\nEXERCISES = [\n" + "".join(declarations) + "]\n"


def _template(file: str, name: str, points: float) -> str:
    text = (TEMPLATES / file).read_text(encoding="utf-8")
    return text.replace("NAME", name).replace("POINTS", f"{points:g}")


def _lesson(entry: Module) -> NotebookNode:
    text = (TEMPLATES / "lesson.md").read_text(encoding="utf-8")
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
    """Cells from a text in which a line `%%` begins a text cell and `%% code` a code cell."""
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
    """Where an exercise goes: after the last grade cell, or else after the setup cell."""
    grades = [
        index + 1
        for index, cell in enumerate(notebook.cells)
        if cell.metadata.get("nbgrader", {}).get("grade") and cell.cell_type == "code"
    ]
    return max(grades, default=next((number for number, _ in code(notebook)), 0))
