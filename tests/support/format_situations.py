"""Notebooks as other editors leave them: each changes the JSON of a notebook that is right.

Some break the notebook format in a way that nbgrader logs and then grades, others in a way at which
it stops.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Tree = dict[str, Any]
Change = Callable[[Tree], None]


def whole(**keys: Any) -> Change:
    """A change of the notebook's own keys."""
    return lambda tree: tree.update(keys)


def about(**keys: Any) -> Change:
    """A change of the notebook's metadata."""
    return lambda tree: tree["metadata"].update(keys)


def each_code(**keys: Any) -> Change:
    """A change of every code cell's keys."""

    def change(tree: Tree) -> None:
        for cell in tree["cells"]:
            if cell["cell_type"] == "code":
                cell.update(keys)

    return change


def each_mark(**keys: Any) -> Change:
    """A change of every cell's metadata."""

    def change(tree: Tree) -> None:
        for cell in tree["cells"]:
            cell["metadata"].update(keys)

    return change


def without(key: str) -> Change:
    """Every code cell lacks a key."""

    def change(tree: Tree) -> None:
        for cell in tree["cells"]:
            cell.pop(key, None)

    return change


def ids(names: Callable[[int], Any]) -> Change:
    """Every cell gets an id made of its place."""

    def change(tree: Tree) -> None:
        for place, cell in enumerate(tree["cells"]):
            cell["id"] = names(place)

    return change


def lines(tree: Tree) -> None:
    """Sources are lists of lines, as JupyterLab writes them."""
    for cell in tree["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)


def more(*cells: Tree) -> Change:
    """The notebook ends with these cells."""
    return lambda tree: tree["cells"].extend(cells)


def note(**keys: Any) -> Tree:
    return {"cell_type": "markdown", "id": "a-note", "metadata": {}, "source": "a note", **keys}


def outputs(*outputs: Any) -> Change:
    return each_code(outputs=list(outputs))


def turned(place: int, kind: str) -> Change:
    """A code cell is of another type."""

    def change(tree: Tree) -> None:
        cell = tree["cells"][place]
        cell["cell_type"] = kind
        del cell["outputs"], cell["execution_count"]

    return change


PICTURE = {"image.png": {"image/png": "iVBORw0KGgo="}}

FORMATS: dict[str, Change] = {
    "as_it_was": lambda tree: None,
    "ids_in_an_old_format": whole(nbformat_minor=4),
    "ids_in_the_oldest_format": whole(nbformat_minor=0),
    "no_minor": lambda tree: tree.pop("nbformat_minor"),
    "a_format_to_come": whole(nbformat_minor=9, new_key={"a": 1}),
    "a_format_with_a_point": whole(nbformat=4.0),
    "no_ids": without("id"),
    "the_same_ids": ids(lambda place: "same"),
    "ids_of_other_letters": ids(lambda place: f"zelle-ä-{place}"),
    "ids_that_are_too_long": ids(lambda place: f"{place}" * 100),
    "ids_that_are_numbers": ids(lambda place: place),
    "sources_in_lines": lines,
    "attachments_on_code": each_code(attachments={}),
    "pictures_on_code": each_code(attachments=PICTURE),
    "pictures_in_a_note": more(note(attachments=PICTURE)),
    "damaged_pictures": more(note(attachments={"a": 1})),
    "no_outputs": without("outputs"),
    "no_count": without("execution_count"),
    "a_count_that_is_text": each_code(execution_count="3"),
    "outputs_that_are_none": each_code(outputs=None),
    "a_stream_without_name": outputs({"output_type": "stream", "text": "x"}),
    "an_error_without_lines": outputs({"output_type": "error", "ename": "E", "evalue": ""}),
    "an_unknown_output": outputs({"output_type": "comm", "data": {}}),
    "a_result_without_count": outputs(
        {"output_type": "execute_result", "data": {"text/plain": "2"}, "metadata": {}}
    ),
    "much_output": outputs({"output_type": "stream", "name": "stdout", "text": "x" * 2_000_000}),
    "tags_twice": each_mark(tags=["a", "a"]),
    "a_tag_with_a_comma": each_mark(tags=["a,b"]),
    "collapsed_as_text": each_mark(collapsed="true"),
    "keys_of_an_editor": each_mark(vscode={"languageId": "python"}, id="x", colab={"height": 34}),
    "more_keys_in_cells": each_code(cell_id="00001", deepnote_cell_type="code"),
    "no_kernel": lambda tree: tree["metadata"].pop("kernelspec"),
    "another_kernel": about(kernelspec={"name": "ir", "display_name": "R", "language": "R"}),
    "half_a_kernel": about(kernelspec={"display_name": "Python 3"}),
    "no_language": about(language_info={}),
    "broken_widgets": about(widgets={"application/vnd.jupyter.widget-state+json": {}}),
    "an_answer_turned_into_text": turned(0, "markdown"),
    "an_answer_turned_raw": turned(0, "raw"),
    "a_test_turned_into_text": turned(1, "markdown"),
    "a_test_turned_raw": turned(1, "raw"),
    "an_id_without_a_role": more(note(metadata={"nbgrader": {"grade_id": "elsewhere"}})),
    "an_old_mark": more(note(metadata={"nbgrader": {"grade_id": "old", "schema_version": 1}})),
    "an_unknown_cell": more({"cell_type": "sql", "id": "q", "metadata": {}, "source": "select"}),
    "an_empty_note": more(note(source=[])),
    "a_cell_without_source": more({"cell_type": "raw", "id": "r", "metadata": {}}),
    "a_cell_without_metadata": more({"cell_type": "code", "source": "1"}),
}
