"""What of a learner's notebook reaches the grader, and what is said of one that cannot be read."""

from __future__ import annotations

import json
import time

import pytest

from autograder.submissions.limited_process import LimitedProcess, RefusedWork, TooMuchWork
from autograder.submissions.notebook_cleaning import UnreadableNotebook, clean_notebook


def cleaned(*cells: dict, **keys: object) -> dict:
    tree = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **keys}
    return clean_notebook(json.dumps(tree).encode())[0]


def code(**keys: object) -> dict:
    return {"cell_type": "code", "source": "1", "metadata": {}, **keys}


def test_sources_marks_and_small_metadata_stay():
    mark = {"grade_id": "a", "grade": True, "points": 2, "comment": "of an old version"}
    metadata = {
        "nbgrader": mark,
        "tags": ["x", "x", "a,b", 3],
        "mine": {"level": 3},
        "big": [0] * 999,
    }
    [cell] = cleaned(code(metadata=metadata, source=["a\n", "b"], outputs=[{}]))["cells"]
    assert cell["source"] == "a\nb"
    assert cell["outputs"] == []
    assert cell["metadata"] == {
        "nbgrader": {"grade_id": "a", "grade": True, "points": 2},
        "tags": ["x"],
        "mine": {"level": 3},
    }


def test_every_cell_has_an_id_of_its_own():
    cells = cleaned(code(id="a"), code(id="a"), code(id="ä"), code(), code(id="cell-4"))["cells"]
    assert [cell["id"] for cell in cells] == ["a", "cell-2", "cell-3", "cell-4", "cell-5"]


def test_ids_that_are_taken_up_to_their_longest_leave_a_valid_one():
    taken = [code(id="cell-58" + "-" * count) for count in range(57)]
    cells = cleaned(*taken, code())["cells"]
    assert cells[-1]["id"] == "cell-58-2"


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ([code(source="\n" * 500_001)], "the notebook has 500,001 lines"),
        ([code(source=["\u2028\x0c"] * 300_000)], "the notebook has 600,000 lines"),
        (
            [{"cell_type": "raw", "attachments": {str(i): {"a/b": ""} for i in range(100)}}] * 11,
            "the notebook has 1,100 pasted pictures",
        ),
    ],
)
def test_what_would_take_long_to_write_is_refused(cells, told):
    with pytest.raises(UnreadableNotebook, match=told):
        cleaned(*cells)


def test_a_notebook_of_format_3_is_read():
    sheet = {
        "cells": [
            {"cell_type": "heading", "level": 2, "source": ["A\n", "title"]},
            {"cell_type": "code", "input": ["x = 1"], "outputs": [{"output_type": "pyout"}]},
            {"cell_type": "html", "source": "<b>x</b>"},
        ]
    }
    tree = {"nbformat": 3, "metadata": {"name": "p"}, "worksheets": [sheet, {"cells": [code()]}]}
    cells = clean_notebook(json.dumps(tree).encode())[0]["cells"]
    assert [(cell["cell_type"], cell["source"]) for cell in cells] == [
        ("markdown", "## A title"), ("code", "x = 1"), ("markdown", "<b>x</b>"), ("code", "1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "tree, told",
    [
        (
            {"nbformat": 5, "cells": []},
            "format 5, but only formats 2 to 4 are graded: save it with",
        ),
        ({"nbformat": 4}, "it has no list of cells"),
        ({"nbformat": 4, "cells": [{"x": 1}]}, "its cell 1 has no type; open it in JupyterLab"),
        ({"nbformat": 4, "cells": [code()] * 2_001}, "has 2001 cells; at most 2000 are graded"),
    ],
)
def test_what_cannot_be_read_is_told_with_what_to_do(tree, told):
    with pytest.raises(UnreadableNotebook, match=told):
        clean_notebook(json.dumps(tree).encode())


def work(data: bytes) -> bytes:
    """Work for a limited process: what the request says."""
    task = data.decode()
    if task == "loop":
        while True:
            pass
    if task == "memory":
        return bytes(2**31)
    if task == "refuse":
        raise RefusedWork("for a reason")
    print("what is printed is no result")
    return data.upper()


@pytest.fixture
def limited():
    process = LimitedProcess(f"{__name__}:work", cpu_seconds=0.3)
    yield process
    process.stop()


def test_work_comes_back_and_refusals_are_told(limited):
    assert limited.do(b"a" * 10**6) == b"A" * 10**6
    with pytest.raises(RefusedWork, match="for a reason"):
        limited.do(b"refuse")
    assert limited.do(b"b") == b"B"


@pytest.mark.parametrize("task", [b"loop", b"memory"])
def test_too_much_work_ends_and_the_next_is_done(limited, task):
    with pytest.raises(TooMuchWork):
        limited.do(task)
    assert limited.do(b"b") == b"B"


def test_a_process_ends_with_its_owner(limited):
    limited.start()
    process = limited._process
    limited.stop()
    deadline = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.poll() is not None
