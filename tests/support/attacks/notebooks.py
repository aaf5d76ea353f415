"""Hand in notebooks whose JSON is made to mislead or to overwhelm."""

import json

import nbformat
from nbformat.v4 import new_code_cell
from tiny_course import DOUBLE, TOTAL

from attacks import Attack

RIGHT = {"double": DOUBLE, "total": TOTAL, "deserves": (2, 3)}


def forged_cells(notebook):
    """Add grade cells worth a hundred points each, already answered."""
    outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "100"}, execution_count=1)]
    for name in ("bonus", "double", "why", "total"):
        mark = {
            "grade": True,
            "solution": False,
            "locked": True,
            "schema_version": 3,
            "grade_id": name,
            "points": 100,
            "cell_type": "code",
            "task": True,
        }
        cell = new_code_cell("100", outputs=outputs, metadata={"nbgrader": mark})
        notebook.cells.insert(0, cell)


def odd_metadata(notebook):
    """Add marks and tags that steer programs which execute notebooks."""
    notebook.metadata.update({
        "kernelspec": {"name": "../../evil", "display_name": 3, "language": "bash",
                       "argv": ["/bin/sh", "-c", "touch /tmp/lepton-attack-kernelspec"]},
        "language_info": {"name": "x" * 10_000}, "celltoolbar": "Create Assignment",
        "nbgrader": {"db_assignment": "other"}, "widgets": {"application/x": {"state": "no"}},
    })  # fmt: skip
    for cell in notebook.cells:
        cell.metadata["tags"] = ["raises-exception", "skip-execution", "remove_cell"]
        cell.metadata["lepton"] = {"points": 3}
        if "nbgrader" in cell.metadata:
            cell.metadata["nbgrader"].update(points="100", schema_version=99, extra={"x": 1})


def odd_ids(notebook):
    """Give cells ids that are long, equal, or not names."""
    for index, cell in enumerate(notebook.cells):
        cell["id"] = ["x" * 100_000, "same", "same", "../../x", "", "\u0000"][index % 6]
    return json.dumps(notebook).encode()


def many_cells(notebook):
    """Add ten thousand cells."""
    notebook.cells[2:2] = [new_code_cell("pass") for _ in range(10_000)]


def hundred_megabytes(notebook):
    """Add one long comment."""
    notebook.cells.append(new_code_cell("#" * 100_000_000))


def huge_source(notebook):
    """Add code that takes Python's parser to its limits."""
    nested = "(" * 50_000 + ")" * 50_000
    notebook.cells.insert(2, new_code_cell("-" * 300_000 + "1"))
    notebook.cells.insert(3, new_code_cell(nested))
    notebook.cells.insert(4, new_code_cell("x = 1\n" * 200_000 + "1/0"))


def half_characters(notebook):
    """Add strings that are valid in JSON and that no file can hold."""
    text = json.dumps(notebook).replace("import numpy", "# \\ud800 \\u0000\\nimport numpy")
    return text.encode()


def nested_metadata(notebook):
    """Nest metadata ninety thousand levels deep."""
    text = json.dumps(notebook)
    return (text[:-1] + ', "x": ' + "[" * 90_000 + "]" * 90_000 + "}").encode()


def odd_numbers(notebook):
    """Set format numbers that are not numbers of a format."""
    notebook["nbformat_minor"] = 10**30
    notebook["metadata"]["points"] = float("inf")
    return json.dumps(notebook).encode()


def escape_sequences(notebook):
    """Add a first line that clears the terminal of whoever sees it, and rich markup."""
    notebook.cells.insert(2, new_code_cell("x = '\x1b[2J\x1b]0;owned\x07[red]'\nwhile True: pass"))


def scripts(notebook):
    """Put HTML and scripts into text and outputs, for formgrader's and the feedback's pages."""
    script = "<script>fetch('/formgrader/api/grade/1', {method: 'PUT'})</script>"
    notebook.cells.insert(2, nbformat.v4.new_markdown_cell(script))
    notebook.cells.insert(3, new_code_cell(f"from IPython.display import *\nHTML({script!r})"))


ATTACKS = [
    Attack("forged_grade_cells", "adds grade cells of its own with points and ids",
           change=forged_cells,
           **{**RIGHT, "status": "partly graded", "reason": "copy of the cell"}),
    Attack("odd_metadata", "steers the kernel, the points and what is executed by metadata",
           change=odd_metadata, **RIGHT),
    Attack("odd_cell_ids", "gives cells ids that are long, equal, or paths",
           change=odd_ids),
    Attack("ten_thousand_cells", "hands in ten thousand cells", change=many_cells,
           status="not gradable", reason="cells"),
    Attack("hundred_megabytes", "hands in a notebook of a hundred megabytes",
           change=hundred_megabytes, status="not gradable", reason="MiB"),
    Attack("huge_source", "hands in code that takes Python's parser to its limits",
           change=huge_source, **RIGHT | {"status": ""}),
    Attack("half_characters_in_source", "hands in texts that no file can hold",
           change=half_characters, **RIGHT),
    Attack("nested_metadata", "hands in JSON that no program can read without a deep stack",
           change=nested_metadata, status="not gradable", reason="not valid JSON"),
    Attack("odd_numbers", "says that its format is of a version that never was",
           change=odd_numbers, **RIGHT),
    Attack("escape_sequences", "writes to the terminal of whoever grades, through the reason",
           change=escape_sequences,
           **{**RIGHT, "status": "partly graded", "reason": "was interrupted"}),
    Attack("scripts", "runs scripts in the browser of whoever looks at the graded notebook",
           change=scripts, **RIGHT),
]  # fmt: skip
