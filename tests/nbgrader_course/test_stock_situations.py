"""Situations that other graders' users have reported: stock nbgrader's scores are ours, too."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import nbformat
import pytest
from cell_situations import SITUATIONS
from conftest import CLONE
from format_situations import FORMATS
from nbformat.v4 import new_code_cell, new_notebook
from stock_course import grade_by_stock, release_course, scores
from typer.testing import CliRunner

from autograder.cli.class_commands import class_app
from autograder.submissions.cell_marks import mark_of

pytestmark = pytest.mark.notebook

DOUBLE = "def double(x):\n    return 2 * x"
QUICKLY = """
c.Autograde.autograde_preprocessors = [
    "quick_execute.QuickExecute",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.CheckCellMetadata",
]
"""


@pytest.fixture(scope="module", autouse=True)
def course_for_kernels():
    """Kernels import the course from this clone, installed or not."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(CLONE), before]))
    yield
    os.environ["PYTHONPATH"] = before or ""


def cell(grade_id: str, source: str, **mark: object) -> nbformat.NotebookNode:
    base = {"grade": False, "solution": False, "locked": False, "schema_version": 3}
    mark = {**base, "grade_id": grade_id, **mark}
    return new_code_cell(source, metadata={"nbgrader": mark})


def answer() -> nbformat.NotebookNode:
    source = f"### BEGIN SOLUTION\n{DOUBLE}\n### END SOLUTION"
    return cell("double", source, solution=True)


def cells_of(number: int, sources: str | list) -> list[nbformat.NotebookNode]:
    """The cells of one situation."""
    sources = [sources] if isinstance(sources, str) else sources
    return [
        cell(f"s{number:02}-{place}", source[1], locked=True)
        if isinstance(source, tuple)
        else cell(f"s{number:02}-{place}", source, grade=True, locked=True, points=1)
        for place, source in enumerate(sources)
    ]


def make(root: Path, cells: list, settings: str = "", assignment: str = "ps") -> Path:
    """A course of one notebook, released."""
    source = root / "source" / assignment
    source.mkdir(parents=True)
    (root / "nbgrader_config.py").write_text(f"c = get_config()\nc.Execute.timeout = 20{settings}")
    notebook = new_notebook(cells=cells)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.metadata["kernelspec"] = kernel
    nbformat.write(notebook, source / "p.ipynb")
    (source / "said.sh").write_text("#!/bin/sh\necho said\n")
    (source / "said.sh").chmod(0o755)
    release_course(root, assignment)
    return root


def hand_in(root: Path, student: str, change=lambda tree: None, assignment: str = "ps") -> Path:
    """Hand in a right notebook whose JSON is changed; return its folder."""
    folder = root / "submitted" / student / assignment
    shutil.copytree(root / "release" / assignment, folder)
    path = folder / "p.ipynb"
    path.chmod(0o644)
    tree = json.loads(path.read_text())
    for one in tree["cells"]:
        if mark_of(one).grade_id == "double":
            one["source"] = DOUBLE
        elif isinstance(one["source"], list):
            one["source"] = "".join(one["source"])
    change(tree)
    path.write_text(json.dumps(tree))
    return folder


def grade(root: Path, *arguments: str, assignment: str = "ps") -> dict[str, dict]:
    """Grade with `lepton class grade`; return the results by student."""
    results = root.parent / "results.json"
    command = ["grade", str(root), assignment, "--json", str(results), *arguments]
    done = CliRunner().invoke(class_app, command)
    assert done.exit_code in (0, 3), done.output
    return {line["student"]: line for line in json.loads(results.read_text())["submissions"]}


@pytest.fixture(scope="module")
def cells(tmp_path_factory) -> tuple[dict, dict]:
    """All situations of cells in one notebook: stock's scores, and ours."""
    root = tmp_path_factory.mktemp("cells") / "course"
    tests = [one for n, sources in enumerate(SITUATIONS.values()) for one in cells_of(n, sources)]
    make(root, [answer(), *tests])
    hand_in(root, "ada")
    stock = root.with_name("stock")
    shutil.copytree(root, stock)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTEST_CURRENT_TEST")  # with it, ipykernel leaves out what programs print
        assert grade_by_stock(stock, "ps", ["ada"]) == {}
    line = grade(root)["ada"]
    assert line["status"] == "graded", line["reason"]
    return scores(stock, "ps", "ada"), scores(root, "ps", "ada")


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_test_cell_gets_the_points_of_stock_nbgrader(cells, name):
    stock, ours = cells
    number = list(SITUATIONS).index(name)
    tests = [grade for grade in stock if grade.startswith(f"p/s{number:02}-")]
    assert tests
    assert {test: ours[test] for test in tests} == {test: stock[test] for test in tests}


@pytest.fixture(scope="module")
def formats(tmp_path_factory) -> tuple[Path, Path, dict, dict]:
    """All situations of formats, a student each: both courses, stock's failures, our lines."""
    root = tmp_path_factory.mktemp("formats") / "course"
    test = cell("right", "assert double(2) == 4", grade=True, locked=True, points=2)
    wrong = cell("wrong", "assert double(2) == 5", grade=True, locked=True, points=1)
    make(root, [answer(), test, wrong], QUICKLY)
    for student, change in FORMATS.items():
        hand_in(root, student, change)
    stock = root.with_name("stock")
    shutil.copytree(root, stock)
    failed = grade_by_stock(stock, "ps", list(FORMATS))
    return stock, root, failed, grade(root)


NBGRADER_STOPS_AT = {
    "no_minor",
    "a_format_with_a_point",
    "damaged_pictures",
    "ids_of_other_letters",
    "ids_that_are_too_long",
    "ids_that_are_numbers",
    "outputs_that_are_none",
    "tags_twice",
    "a_tag_with_a_comma",
    "collapsed_as_text",
    "half_a_kernel",
    "no_language",
    "an_id_without_a_role",
    "an_old_mark",
    "an_unknown_cell",
    "a_cell_without_source",
    "a_cell_without_metadata",
}
"""What nbgrader does not grade; here it is, since nothing that counts is missing."""


@pytest.mark.parametrize("name", FORMATS)
def test_a_notebook_of_another_editor_gets_its_points(formats, name):
    stock, ours, failed, lines = formats
    assert scores(ours, "ps", name)["score"] == 2, lines[name]["reason"]
    if name in failed:
        assert name in NBGRADER_STOPS_AT, failed[name]
    else:
        assert scores(stock, "ps", name) == scores(ours, "ps", name)


def test_a_cell_that_no_notebook_has_is_told(formats):
    assert "cell 4 is of a type" in formats[3]["an_unknown_cell"]["reason"]


NAMES = [" ada ", "o'brien", "müller", "a.b-c_d", "x y", "[1]", "a+b", "%s", "{id}"]


def test_names_of_students_may_be_of_any_form(tmp_path):
    root = tmp_path / " my course "
    test = cell("right", "assert double(2) == 4", grade=True, locked=True, points=2)
    make(root, [answer(), test], QUICKLY, assignment="ps 1")
    for student in NAMES:
        hand_in(root, student, assignment="ps 1")
    stock = tmp_path / "stock "
    shutil.copytree(root, stock)
    grade_by_stock(stock, "ps 1", ["*"])
    lines = grade(root, assignment=" ps 1 ")
    for student in NAMES:
        assert lines[student]["score"] == 2, lines[student]["reason"]
        if student != "[1]":  # for nbgrader, a pattern
            assert scores(root, "ps 1", student) == scores(stock, "ps 1", student)
