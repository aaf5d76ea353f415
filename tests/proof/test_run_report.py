"""The report of `lepton run`: JSON, JUnit XML, and a page for people."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder.proof.notebooks.notebook_results import Result, SlowCell, to_json
from autograder.proof.notebooks.run_report import write_html, write_junit

MODULE = "basics/01_first"
PICTURE = "from matplotlib import pyplot as plt\nplt.plot([1, 2]);"

RESULTS = [
    Result("c/basics/01_first/lesson.ipynb", "lesson", MODULE, "first-lesson.ipynb", 12.34, 800,
           slowest=(SlowCell(7, 9.5, "train(<model>)"),)),
    Result("c/basics/01_first/assignment.ipynb", "student", MODULE, "first-student.ipynb", 1.0, 400,
           problems=("cell 3 failed with <Error>",), failure="cell 3\n    1 / 0 \x1b"),
]  # fmt: skip


def test_json():
    tree = json.loads(json.dumps(to_json(RESULTS, 20.0)))
    assert tree["passed"] is False and tree["seconds"] == 20.0
    assert tree["notebooks"][0] == {
        "path": "c/basics/01_first/lesson.ipynb", "kind": "lesson", "status": "passed",
        "seconds": 12.34, "slowness": 1.0, "peak_mib": 800, "cached": False, "reason": "",
    }  # fmt: skip
    assert tree["notebooks"][1]["reason"] == "cell 3 failed with <Error>"


def test_junit(tmp_path):
    write_junit(RESULTS, 20.0, tmp_path / "junit.xml")
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    failure = suite.find("testcase/failure")
    assert failure.get("message") == "cell 3 failed with <Error>"
    assert "1 / 0" in failure.text


def test_the_page_has_a_row_for_each_notebook_with_its_figures(tmp_path):
    (tmp_path / "executed").mkdir()
    executed = new_notebook(cells=[new_code_cell(PICTURE), new_markdown_cell("text")])
    executed.cells[0].outputs = [new_output("display_data", data={"image/png": "iVBORw0KGgo="})]
    nbformat.write(executed, tmp_path / "executed" / "first-lesson.ipynb")
    text = write_html(RESULTS, 20.0, tmp_path).read_text()
    assert "1 of 2 notebooks failed" in text
    assert text.index("assignment.ipynb") < text.index("lesson.ipynb")  # what failed comes first
    for part in ("12.3", "800", "train(&lt;model&gt;)", "cell 3 failed with &lt;Error&gt;"):
        assert part in text
    assert 'src="figures/first-lesson-1.png"' in text
    assert (tmp_path / "figures" / "first-lesson-1.png").is_file()
