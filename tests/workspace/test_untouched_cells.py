"""Run All over a notebook as it was handed out is no attempt at any of its exercises."""

from __future__ import annotations

import ast
import json
from contextlib import suppress
from pathlib import Path

import pytest

from lepton_course.checks.kernel.attempt import observe_answer
from lepton_course.exercises.compiled import load_questions
from lepton_course.exercises.judge import judge
from lepton_course.exercises.probes import Missing
from lepton_course.syllabus import exercises_of, is_ready, load_syllabus
from lepton_course.workspace.reset import answer_cells, source_of

MODULES = [path.parent.parent.name + "/" + path.parent.name for path in
           sorted(Path(__file__).parents[2].glob("curriculum/*/*/assignment.ipynb"))]  # fmt: skip


def imports_of(cells: list[dict]) -> str:
    """The import statements of a notebook's cells, without what `begin` sets up."""
    found = []
    for cell in cells:
        if cell["cell_type"] == "code" and not source_of(cell).startswith("%"):
            body = ast.parse(source_of(cell)).body
            found += [part for part in body if isinstance(part, ast.Import | ast.ImportFrom)]
    return "\n".join(map(ast.unparse, found))


@pytest.mark.parametrize("module", MODULES)
def test_no_untouched_cell_counts_as_an_attempt(built_curriculum, module, monkeypatch):
    monkeypatch.syspath_prepend(built_curriculum / module / "package")
    [found] = [m for m in load_syllabus(built_curriculum) if m.id == module]
    assert is_ready(found, built_curriculum)
    questions = load_questions(built_curriculum / module / "checks.npz")
    taken_for_attempts = {}
    for notebook in sorted((built_curriculum / module).glob("*.ipynb")):
        cells = json.loads(notebook.read_bytes())["cells"]
        namespace: dict = {}
        exec(imports_of(cells), namespace)
        for name in exercises_of(found, built_curriculum):
            stubs = answer_cells(cells, name)
            for stub in stubs:
                with suppress(Exception):  # as in a notebook: what cannot run defines nothing
                    exec(source_of(stub), namespace)
            if stubs:
                seen = observe_answer(questions[name], namespace.get(name, Missing))
                status = judge(questions[name], seen).status
                if status not in ("blank", "right"):  # a lesson may give an answer as an example
                    taken_for_attempts[notebook.name, name] = status
    assert taken_for_attempts == {}
