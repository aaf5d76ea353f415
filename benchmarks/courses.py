"""Make courses for benchmarks: ordinary nbgrader courses with any number of submissions."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.apps import NbGrader, NbGraderAPI

from autograder.classroom.classroom import programs_on_path
from autograder.submissions.cell_marks import mark_of

BEGIN = "import time\n\ncpu_began = time.process_time()"
END = 'print(f"cpu seconds {time.process_time() - cpu_began:.4f}")'

TORCH = {
    "imports": "import torch",
    "softmax": (
        "def softmax(z):\n    e = torch.exp(z - z.max(1, keepdim=True).values)\n"
        "    return e / e.sum(1, keepdim=True)",
        "def softmax(z):\n    return torch.exp(z) / torch.exp(z).sum()",
        "z = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))\n"
        "assert torch.allclose(softmax(z), torch.softmax(z, 1))\n"
        "assert torch.isfinite(softmax(z * 1000)).all()",
    ),
    "train": (
        "def train(x, y, steps):\n"
        "    layer = torch.nn.Linear(x.shape[1], 3)\n"
        "    optimizer = torch.optim.SGD(layer.parameters(), lr=0.5)\n"
        "    for _ in range(steps):\n"
        "        loss = torch.nn.functional.cross_entropy(layer(x), y)\n"
        "        optimizer.zero_grad()\n        loss.backward()\n        optimizer.step()\n"
        "    return layer",
        "def train(x, y, steps):\n    return torch.nn.Linear(x.shape[1], 3)",
        "_ = torch.manual_seed(0)\nx = torch.randn(300, 5)\ny = (x[:, :3]).argmax(1)\n"
        "layer = train(x, y, 60)\n"
        "assert (layer(x).argmax(1) == y).float().mean() > 0.9",
    ),
}
TENSORFLOW = {
    "imports": "import tensorflow as tf",
    "softmax": (
        "def softmax(z):\n    e = tf.exp(z - tf.reduce_max(z, 1, keepdims=True))\n"
        "    return e / tf.reduce_sum(e, 1, keepdims=True)",
        "def softmax(z):\n    return tf.exp(z) / tf.reduce_sum(tf.exp(z))",
        "z = tf.random.stateless_normal((4, 3), (0, 0))\n"
        "assert tf.reduce_all(abs(softmax(z) - tf.nn.softmax(z)) < 1e-6)\n"
        "assert tf.reduce_all(tf.math.is_finite(softmax(z * 1000)))",
    ),
    "train": (
        "def train(x, y, steps):\n"
        "    w = tf.Variable(tf.zeros((x.shape[1], 3)))\n"
        "    for _ in range(steps):\n"
        "        with tf.GradientTape() as tape:\n"
        "            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, x @ w)\n"
        "            loss = tf.reduce_mean(losses)\n"
        "        w.assign_sub(0.5 * tape.gradient(loss, w))\n"
        "    return w",
        "def train(x, y, steps):\n    return tf.zeros((x.shape[1], 3))",
        "x = tf.random.stateless_normal((300, 5), (1, 0))\ny = tf.argmax(x[:, :3], 1)\n"
        "right = tf.argmax(x @ train(x, y, 60), 1) == y\n"
        "assert tf.reduce_mean(tf.cast(right, tf.float32)) > 0.9",
    ),
}


@dataclass(frozen=True)
class BenchmarkCourse:
    """A course's folder and its assignment, with everybody's submission."""

    root: Path
    assignment: str


def make_course(root: Path, kind: str, submissions: int) -> BenchmarkCourse:
    """Make a course: "torch", "tensorflow" or "example" (that of `nbgrader quickstart`).

    Every third submission is wrong in its first answer, every fifth in its second.
    """
    programs_on_path()
    if kind == "example":
        course = _quickstart(root)
    else:
        course = _of(root, TORCH if kind == "torch" else TENSORFLOW)
    with _api(root) as api:
        done = api.generate_assignment(course.assignment)
        if not done["success"]:
            raise RuntimeError(done["log"])
    for number in range(submissions):
        _hand_in(course, kind, number)
    return course


def students(course: BenchmarkCourse) -> list[str]:
    """Return the ids of the students who have handed in."""
    return sorted(folder.name for folder in (course.root / "submitted").iterdir())


def copy_course(course: BenchmarkCourse, root: Path, who: Sequence[str]) -> BenchmarkCourse:
    """Copy the course as it was before grading, with the submissions of the students `who`."""
    shutil.copytree(course.root, root, ignore=shutil.ignore_patterns("submitted"))
    for student in who:
        shutil.copytree(course.root / "submitted" / student, root / "submitted" / student)
    return BenchmarkCourse(root, course.assignment)


def change_submission(course: BenchmarkCourse, student: str) -> None:
    """Hand in a student's work again with an added comment."""
    for path in (course.root / "submitted" / student).rglob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        notebook.cells[-2].source += "\n# again"
        nbformat.write(notebook, path)


def scores(course: BenchmarkCourse) -> dict[str, float]:
    """Return the gradebook's scores, by student."""
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gradebook:
        return {s.student_id: s.score for s in gradebook.assignment_submissions(course.assignment)}


def own_cpu_seconds(course: BenchmarkCourse) -> float:
    """Return the processor seconds that the students' cells used, as the notebooks printed them."""
    pages = (course.root / "autograded").rglob("*.ipynb")
    found = [re.search(r"cpu seconds ([0-9.]+)", page.read_text()) for page in pages]
    return sum(float(match[1]) for match in found if match)


def _of(root: Path, parts: dict) -> BenchmarkCourse:
    source = root / "source" / "layers"
    source.mkdir(parents=True)
    (root / "nbgrader_config.py").write_text(
        'c = get_config()\nc.CourseDirectory.course_id = "bench"\n'
    )
    cells = [new_code_cell(f"{BEGIN}\n{parts['imports']}")]
    for name in ("softmax", "train"):
        right, _, test = parts[name]
        cells += [
            _marked(name, f"### BEGIN SOLUTION\n{right}\n### END SOLUTION", solution=True),
            _marked(f"{name}_right", test, grade=True, locked=True, points=2),
        ]
    notebook = new_notebook(cells=[*cells, new_code_cell(END)])
    notebook.metadata["kernelspec"] = {
        "name": "python3", "display_name": "Python 3", "language": "python",
    }  # fmt: skip
    nbformat.write(notebook, source / "layers.ipynb")
    return BenchmarkCourse(root, "layers")


def _quickstart(root: Path) -> BenchmarkCourse:
    command = [sys.executable, "-m", "nbgrader", "quickstart", root.name]
    subprocess.run(command, cwd=root.parent, check=True, capture_output=True)
    return BenchmarkCourse(root, "ps1")


def _marked(grade_id: str, source: str, **options: object) -> NotebookNode:
    mark = {"grade": False, "solution": False, "locked": False, "schema_version": 3}
    return new_code_cell(source, metadata={"nbgrader": {**mark, "grade_id": grade_id, **options}})


def _hand_in(course: BenchmarkCourse, kind: str, number: int) -> None:
    student = f"s{number:05d}"
    folder = course.root / "submitted" / student / course.assignment
    shutil.copytree(course.root / "release" / course.assignment, folder)
    for path in folder.glob("*.ipynb"):
        path.chmod(0o644)
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            mark = mark_of(cell)
            if mark.solution and not mark.grade:
                cell.source = f"{_answer(kind, mark.grade_id, number)}\n# {student}"
        nbformat.write(notebook, path)


def _answer(kind: str, name: str, number: int) -> str:
    if kind == "example":
        return _EXAMPLE.get(name, "pass")
    right, wrong, _ = (TORCH if kind == "torch" else TENSORFLOW)[name]
    return wrong if number % {"softmax": 3, "train": 5}[name] == 0 else right


_EXAMPLE = {
    "squares": "def squares(n):\n    if n < 1:\n        raise ValueError\n"
    "    return [i ** 2 for i in range(1, n + 1)]",
    "sum_of_squares": "def sum_of_squares(n):\n    return sum(squares(n))",
}


@contextlib.contextmanager
def _api(root: Path) -> Iterator[NbGraderAPI]:
    with contextlib.chdir(root):
        app = NbGrader()
        app.initialize([], root=str(root))
        yield NbGraderAPI(app.coursedir, parent=app)
