"""Grade the torch course with Otter-Grader, without Docker: `otter run` for each submission."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from courses import TORCH, BenchmarkCourse
from measuring import Command, Usage, run_side_by_side


def grade_with_otter(
    program: Path, course: BenchmarkCourse, who: Sequence[str]
) -> tuple[Usage, dict[str, float]]:
    """Return the cost and the scores. program: Otter's, in an environment that also has torch."""
    scores = {}
    total = Usage(0.0, 0.0, 0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive = _make_autograder(program, folder)
        for student in who:
            notebook = course.root / "submitted" / student / course.assignment / "layers.ipynb"
            out = folder / student
            out.mkdir()
            words = [str(program), "run", "-a", str(archive), "-o", str(out), str(notebook)]
            used = run_side_by_side([Command(words, folder)])
            total = Usage(total.seconds + used.seconds, total.cpu_seconds + used.cpu_seconds, 0)
            tests = json.loads((out / "results.json").read_text())["tests"]
            scores[student] = float(sum(test.get("score") or 0 for test in tests))
    return total, scores


def _make_autograder(program: Path, folder: Path) -> Path:
    """Make Otter's archive of tests from the course's own."""
    tests = folder / "tests"
    tests.mkdir()
    for name in ("softmax", "train"):
        code = "\n".join(f">>> {line}" for line in TORCH[name][2].splitlines())
        case = {"code": code, "hidden": False, "locked": False}
        suite = {"cases": [case], "scored": True, "setup": "", "teardown": "", "type": "doctest"}
        test = {"name": name, "points": 2, "suites": [suite]}
        (tests / f"{name}.py").write_text(f"OK_FORMAT = True\n\ntest = {test!r}\n")
    archive = folder / "autograder.zip"
    words = [str(program), "generate", "-t", str(tests), "-o", str(archive), "--no-environment"]
    subprocess.run(words, cwd=folder, check=True, capture_output=True)
    return archive
