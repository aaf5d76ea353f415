"""Notebooks of any form: read within limits, refused in a sentence or restored as released."""

from __future__ import annotations

import json
import warnings

import nbformat
import pytest
from fuzzing import fuzz
from hostile_files import NOTEBOOKS
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook

from autograder.submissions.cell_marks import judged_points
from autograder.submissions.cell_repair import restore
from autograder.submissions.notebook_cleaning import UnreadableNotebook, clean_notebook
from autograder.submissions.submission import NotGradable, parse_notebook

MARK = {"grade_id": "double", "grade": True, "solution": False, "locked": True}
RELEASE = new_notebook(
    cells=[new_code_cell("1", metadata={"nbgrader": {**MARK, "points": 2, "schema_version": 3}})]
)

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["double", "code", "markdown", "a,b", "\ud800", "", 2**64, 10**400]),
)
KEYS = st.sampled_from(
    [
        *("cell_type", "id", "metadata", "source", "outputs", "execution_count", "attachments"),
        *("nbgrader", "grade", "solution", "locked", "grade_id", "points", "schema_version"),
        *("tags", "collapsed", "name", "jupyter", "kernelspec", "language_info", "level", "input"),
    ]
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5), st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=8)
    ),
    max_leaves=20,
)
CELLS = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown", "raw", "heading", "sql"]) | TREES},
    optional={
        **dict.fromkeys(("id", "source", "outputs", "attachments", "level", "input"), TREES),
        "metadata": st.fixed_dictionaries({"nbgrader": TREES | st.just(MARK)}) | TREES,
    },
)
BOOKS = st.fixed_dictionaries(
    {"nbformat": st.sampled_from([4, 4.0, 3, 2, 5, 1]) | SCALARS},
    optional={
        "nbformat_minor": SCALARS,
        "metadata": TREES,
        "cells": st.lists(CELLS, max_size=5) | TREES,
        "worksheets": st.lists(st.fixed_dictionaries({"cells": st.lists(CELLS, max_size=3)})),
    },
)


def check(data: bytes) -> None:
    """What is read is a valid notebook, and restoring it gives back what was released."""
    try:
        tree, notes = clean_notebook(data)
    except UnreadableNotebook as refusal:
        assert str(refusal).isprintable()
        return
    assert json.loads(json.dumps(tree)) == tree
    json.dumps(tree, ensure_ascii=False).encode()
    assert all(note.isprintable() for note in notes)
    notebook = nbformat.from_dict(tree)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # about repairs that would be needed
        nbformat.validate(notebook)
    try:
        restored = restore(notebook, RELEASE)
    except NotGradable:
        return
    assert judged_points(restored.notebook) == {"double": 2}
    nbformat.validate(restored.notebook)


@fuzz(book=BOOKS)
def test_any_notebook(book):
    check(json.dumps(book).encode("utf-8", "surrogatepass"))


@fuzz(tree=TREES)
def test_any_json(tree):
    check(json.dumps(tree).encode())


@fuzz(data=st.binary(max_size=200))
def test_any_bytes(data):
    check(data)


@fuzz(book=BOOKS, place=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_changed_byte(book, place, byte):
    data = bytearray(json.dumps(book).encode())
    data[place % len(data)] = byte
    check(bytes(data))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_corpus_is_read_within_the_limits(name):
    data = NOTEBOOKS[name]()
    try:
        parse_notebook(data)  # in a process with limits
    except NotGradable as refusal:
        assert "too much time" not in str(refusal)
