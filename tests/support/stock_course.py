"""Make ordinary nbgrader courses, hand in to them, and read what stock nbgrader makes of it."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGrader, NbGraderAPI

from autograder.classroom.classroom import add_programs_to_path
from autograder.classroom.gradebook_version import find_version_here
from autograder.submissions.cell_marks import mark_of

CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "made"
c.Execute.timeout = 4
c.ClearSolutions.code_stub = {"python": "pass"}
c.AssignLatePenalties.plugin_class = "late_by_half_points.HalfPoint"
"""

LATE = """
from nbgrader.plugins import LateSubmissionPlugin


class HalfPoint(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return min(score, 0.5)
"""

DUE = "2026-03-03 12:00:00 UTC"
MEAN = "def mean(values):\n    return sum(values) / len(values)"
SHARE = "def share(values):\n    return [v / sum(values) for v in values]"
TABLE = "rows = open('data.csv').read().split()\nprint(len(rows), file=open('seen.txt', 'w'))"
COUNT = "def count(path):\n    return len(open(path).read().split())"
ANSWERS = {"mean": MEAN, "share": SHARE, "table": TABLE, "count": COUNT, "why": "It adds up."}
"""Right answers, by the id of their cells."""

STATISTICS = [
    ("given", "import asyncio\nimport sys\nfrom checks import close", {"locked": True}),
    ("mean", MEAN, {"solution": True}),
    (None, "mean([1, 2, 3])", {}),
    (
        "mean_right",
        "assert close(mean([1, 2, 3]), 2)\n"
        "### BEGIN HIDDEN TESTS\nassert close(mean([-1, 4]), 1.5)\n### END HIDDEN TESTS",
        {"grade": True, "locked": True, "points": 2},
    ),
    ("share", SHARE, {"solution": True}),
    (
        "share_partly",
        "earned = 0.0\n"
        "if share([1, 3]) is not None and len(share([1, 3])) == 2:\n    earned += 1\n"
        "if share([1, 3]) == [0.25, 0.75]:\n    earned += 1.5\n"
        "earned",
        {"grade": True, "locked": True, "points": 2.5},
    ),
    (
        "share_quietly",
        "print('looked at', share([2, 2]))\nassert sum(share([2, 2])) == 1\n0.25;",
        {"grade": True, "locked": True, "points": 1},
    ),
    (
        "share_later",
        "await asyncio.sleep(0)\nassert share([5]) == [1]\n'well done'",
        {"grade": True, "locked": True, "points": 1},
    ),
    (
        "no_warnings",
        "if mean([2]) != 2:\n    print('not the mean', file=sys.stderr)",
        {"grade": True, "locked": True, "points": 1},
    ),
    ("table", TABLE, {"solution": True}),
    (
        "table_read",
        "assert open('seen.txt').read() == '4\\n'\nassert len(rows) == 4",
        {"grade": True, "locked": True, "points": 1},
    ),
]
REPORT = [
    ("count", COUNT, {"solution": True}),
    (
        "counted",
        "%matplotlib inline\nassert count('data.csv') == 4\nassert count('seen.txt') == 1",
        {"grade": True, "locked": True, "points": 3},
    ),
    ("why", None, {"grade": True, "solution": True, "points": 2}),
]
NOTEBOOKS = {"a_statistics": STATISTICS, "b_report": REPORT}
AUTOMATIC = 2 + 2.5 + 1 + 1 + 1 + 1 + 3


def make_course(root: Path, settings: str = "") -> Path:
    """Make and release a course with one assignment, `sums`: two notebooks and two data files."""
    source = root / "source" / "sums"
    source.mkdir(parents=True)
    (root / "nbgrader_config.py").write_text(CONFIG + settings)
    (root / "late_by_half_points.py").write_text(LATE)
    (source / "data.csv").write_text("1 2 3 4")
    (source / "checks.py").write_text("def close(a, b):\n    return abs(a - b) < 1e-9\n")
    for name, cells in NOTEBOOKS.items():
        notebook = new_notebook(cells=[_cell(*cell) for cell in cells])
        notebook.metadata["kernelspec"] = {
            "name": "python3", "display_name": "Python 3", "language": "python",
        }  # fmt: skip
        nbformat.write(notebook, source / f"{name}.ipynb")
    release_course(root, "sums")
    return root


def make_example(root: Path) -> Path:
    """Make and release the course of `nbgrader quickstart`; late submissions earn nothing."""
    quickstart = [sys.executable, "-m", "nbgrader", "quickstart", root.name]
    subprocess.run(quickstart, cwd=root.parent, check=True, capture_output=True, timeout=300)
    with (root / "nbgrader_config.py").open("a") as config:
        config.write('c.LateSubmissionPlugin.penalty_method = "zero"\n')
    release_course(root, "ps1")
    return root


def release_course(root: Path, assignment: str) -> None:
    """Release an assignment, due on a certain day."""
    with course_api(root) as api:
        done = api.generate_assignment(assignment)
        assert done["success"], done["log"]
        with api.gradebook as gradebook:
            gradebook.update_or_create_assignment(assignment, duedate=DUE)


def _cell(grade_id: str | None, source: str | None, options: dict) -> nbformat.NotebookNode:
    if grade_id is None:
        return new_code_cell(source)
    mark = {"grade": False, "solution": False, "locked": False, "schema_version": 3}
    metadata = {"nbgrader": {**mark, "grade_id": grade_id, **options}}
    if source is None:
        return new_markdown_cell("*Say why.*", metadata=metadata)
    if options.get("solution"):
        source = f"### BEGIN SOLUTION\n{source}\n### END SOLUTION"
    return new_code_cell(source, metadata=metadata)


@contextlib.contextmanager
def course_api(root: Path) -> Iterator[NbGraderAPI]:
    """Open nbgrader's own interface to a course, as its commands and formgrader use it."""
    add_programs_to_path()
    find_version_here()
    before = list(sys.path)
    with contextlib.chdir(root):
        app = NbGrader()
        app.initialize([], root=str(root))
        try:
            yield NbGraderAPI(app.coursedir, parent=app)
        finally:
            sys.path[:] = before


def hand_in(
    root: Path, assignment: str, student: str, change: Callable[[str, list], list | None]
) -> Path:
    """Hand in the released folder, each notebook's cells edited by `change(name, cells)`."""
    folder = root / "submitted" / student / assignment
    shutil.copytree(root / "release" / assignment, folder)
    for path in folder.glob("*.ipynb"):
        path.chmod(0o644)
        notebook = nbformat.read(path, as_version=4)
        notebook.cells = change(path.stem, notebook.cells) or notebook.cells
        nbformat.write(notebook, path)
    return folder


def filled(answers: dict[str, str]) -> Callable[[str, list], None]:
    """Return a change that writes answers into their cells, by grade id."""

    def change(name: str, cells: list) -> None:
        for cell in cells:
            cell.source = answers.get(mark_of(cell).grade_id, cell.source)

    return change


def grade_by_stock(root: Path, assignment: str, students: list[str]) -> dict[str, str]:
    """Grade each student with `nbgrader autograde`; return the log's end for each failure."""
    failed = {}
    with course_api(root) as api:
        for student in students:
            done = api.autograde(assignment, student)
            if not done["success"]:
                failed[student] = (done["error"] or done["log"] or "")[-2000:]
    return failed


def scores(root: Path, assignment: str, student: str) -> dict[str, float | None] | None:
    """Return everything the gradebook records about a submission; None when it is not there."""
    [file] = [*root.glob("gradebook.db"), *root.glob("*.sqlite")]
    with Gradebook(f"sqlite:///{file}") as gradebook:
        try:
            submission = gradebook.find_submission(assignment, student)
        except MissingEntry:
            return None
        found = {
            f"{notebook.name}/{grade.name}": (grade.auto_score, grade.needs_manual_grade)
            for notebook in submission.notebooks
            for grade in notebook.grades
        }
        comments = {
            f"{notebook.name}/{comment.name} comment": comment.auto_comment
            for notebook in submission.notebooks
            for comment in notebook.comments
        }
        late = submission.late_submission_penalty
        return {**found, **comments, "score": submission.score, "late": late}
