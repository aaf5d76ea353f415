"""The fuzzers' corpus: files on which a reader has once hung, failed or grown."""

from __future__ import annotations

import json
from collections.abc import Callable

P = 2**61 - 1
"""Python's hash of an integer is its remainder by this."""


def notebook(about: object = None, **cell: object) -> bytes:
    """A notebook of one cell. about: the notebook's metadata."""
    cells = [{"cell_type": "code", "id": "a", "metadata": {}, "source": "1", "outputs": [], **cell}]
    tree = {"nbformat": 4, "nbformat_minor": 5, "metadata": about or {}, "cells": cells}
    return json.dumps(tree).encode()


def many_cells(**cell: object) -> bytes:
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell] * 1_999}
    ).encode()


NOTEBOOKS: dict[str, Callable[[], bytes]] = {
    "tags that are dictionaries": lambda: notebook(about={"tags": [{}] * 20_000}),
    "tags of a cell that are dictionaries": lambda: notebook(metadata={"tags": [{}] * 20_000}),
    "tags that are numbers of one hash": lambda: (
        notebook(metadata={"tags": [P * i for i in range(20_000)]})
    ),
    "keys in great number": lambda: notebook(about={f"k{i}": i for i in range(100_000)}),
    "empty objects": lambda: notebook(outputs=[{}] * 900_000),
    "more empty objects": lambda: b'{"nbformat": 4, "cells": [' + b"{}," * 2_000_000 + b"{}]}",
    "objects in text of two bytes": lambda: (
        ("[" + '{"\u2200": {}},' * 900_000 + "1]").encode("utf-16")
    ),
    "nesting": lambda: b'{"nbformat": 4, "cells": ' + b"[" * 100_000,
    "nesting within bounds": lambda: notebook(metadata={"a": json.loads("[" * 150 + "]" * 150)}),
    "one long text": lambda: notebook(source="x" * 15_000_000),
    "escapes": lambda: b'{"nbformat": 4, "cells": "' + b"\\u0022[" * 1_000_000,
    "a text without end": lambda: b'{"nbformat": 4, "cells": "' + b'\\"' * 3_000_000,
    "a long number": lambda: notebook(execution_count=1).replace(b"1", b"1" * 100_000),
    "numbers beyond floats": lambda: notebook(metadata={"a": 1}).replace(b'"a": 1', b'"a": 1e999'),
    "no number": lambda: b'{"nbformat": NaN, "cells": []}',
    "half of a letter": lambda: notebook(source="\ud800", id="\udfff"),
    "the same id everywhere": lambda: many_cells(cell_type="code", id="same", source="1"),
    "marks that are no marks": lambda: notebook(
        metadata={"nbgrader": {"grade_id": [[]], "points": 10**400, "grade": {}}}
    ),
    "attachments in great number": lambda: notebook(
        cell_type="markdown", attachments={f"{i}.png": {"image/png": "x"} for i in range(50_000)}
    ),
    "a heading of no level": lambda: notebook(cell_type="heading", level=-1, source="# a\n# b"),
    "sheets that are none": lambda: b'{"nbformat": 3, "worksheets": [1, {"cells": {}}]}',
    "a version that is a list": lambda: b'{"nbformat": [4], "cells": []}',
    "a version that is true": lambda: b'{"nbformat": true, "cells": []}',
    "attachments in many cells": lambda: many_cells(
        cell_type="markdown", source="", attachments={str(i): {"image/png": ""} for i in range(100)}
    ),
    "nothing but line ends": lambda: notebook(source="\n" * 9_000_000),
    "line ends of other kinds": lambda: notebook(source=["\x0c\u2028\x1e"] * 300_000),
    "the same key again and again": lambda: (
        b'{"nbformat": 4, "cells": [], ' + b'"metadata": {}, ' * 400_000 + b'"nbformat_minor": 5}'
    ),
    "a fraction of many digits": lambda: (
        notebook(execution_count=1).replace(b"count\": 1", b"count\": 0." + b"1" * 5_000_000)
    ),
    "numbers just short enough": lambda: notebook(metadata={"a": [0]}).replace(
        b"[0]", b"[" + b",".join([b"9" * 4_300] * 3_000) + b"]"
    ),
    "metadata that is a text": lambda: notebook(metadata="x" * 1_000_000),
}  # fmt: skip

TEXTS: dict[str, str] = {
    "openings of a script": "<script " * 100_000,
    "openings and endings": "<script>" * 20_000 + "</script >" * 20_000,
    "bold in bold": "<b>" * 30_000,
    "lists in lists": "<ul><li>" * 5_000,
    "tables in tables": "<table><tr><td>" * 3_000,
    "links in links": "<a href=x>" * 20_000,
    "beginnings of an environment": r"\begin{a}" * 20_000,
    "opened brackets": "$" + r"\left(" * 3_000 + "$",
    "braces in braces": "$" + "{" * 3_000 + "x" + "}" * 3_000 + "$",
    "fractions in fractions": "$" + r"\frac{1}{" * 1_000 + "x" + "}" * 1_000 + "$",
    "dollars": "$" * 100_000,
    "brackets": "[" * 100_000,
    "brackets and parentheses": "[a](" * 50_000,
    "exclamation marks": "![" * 50_000,
    "stars": "*a **b " * 30_000,
    "underscores": "_a __b " * 30_000,
    "quotations in quotations": "> " * 50_000,
    "items in items": "".join(" " * i + "- a\n" for i in range(1_000)),
    "backticks": "`" * 50_000 + "a",
    "ampersands": "&" * 100_000,
    "comments": "<!--" * 50_000,
    "attributes": "<a " + "x=y " * 100_000 + ">",
    "a style in great length": f"<b style='{'color:red;' * 50_000}'>x</b>",
    "definitions": "".join(f"[{i}]: x\n" for i in range(20_000)),
    "notes": "[^1]" * 50_000,
    "a table's line": "a|b\n-|-\n" + "a|" * 100_000,
    "zeros": "\0" * 10_000,
    "table rows": "a|b\n-|-\n" + "|\n" * 20_000,
    "many entities": "&amp;" * 100_000,
    "many links of their own": "<http://a" * 30_000,
    "fences in fences": "~~~\n" * 20_000,
    "elements that overlap": "<b><i><a>" * 3_000 + "</b></i></a>" * 3_000,
    "brackets with backslashes": "\\\\(" * 50_000,
    "a pasted picture again and again": "![a](attachment:a)" * 20_000,
    "matrices": ("$$\\begin{matrix}" + "a&b\\\\" * 400 + "\\end{matrix}$$\n\n") * 100,
    "code with openings": "```ipython\n" + "!a\\\n" * 5_000 + "\n```",
    "small styles": "<b style='color:red;width:1px'>x</b>" * 10_000,
    "combining accents": "a" + "\u0301" * 200_000,
}

TIMESTAMPS: dict[str, bytes] = {
    "a megabyte": b"2026-03-01 12:00:00 UTC" * 50_000,
    "digits": b"9" * 90,
    "a far zone": b"9999-12-31 23:59:59 -1400",
    "a zone of many digits": b"2026-03-01 12:00:00 " + b"9" * 60,
    "the year one": b"0001-01-01 00:00:00 +1400",
    "a byte order mark": "\ufeff2026-03-01 12:00:00 UTC".encode(),
    "two bytes a letter": "2026-03-01".encode("utf-16"),
    "words": b"yesterday evening",
    "a zone that is a path": b"2026-03-01 12:00:00 ../../etc/passwd",
    "nothing but spaces": b"  \n ",
    "zeros": b"\0" * 50,
    "signs": b"-- :: ++",
}

ROSTERS: dict[str, bytes] = {
    "one quote": b'id,first_name,last_name,email,team\n"',
    "a long field": b"id,first_name,last_name,email,team\na," + b"x" * 200_000 + b",b,,\n",
    "columns in great number": b"id," * 100_000,
    "half of a letter": b"id,first_name,last_name,email,team\na,\xed\xbf\xbf,b,,\n",
    "zeros": b"id,first_name,last_name,email,team\n\0,\0,\0,\0,\0",
    "other line endings": b"id,first_name,last_name,email,team\ra,b,c,,\r",
    "nothing": b"",
}  # fmt: skip


def progress(**tables: object) -> bytes:
    tree = {"format": "lepton-progress", "version": 1}
    tree |= {"attempts": [], "hints": [], "answers": [], "visits": [], "survey": [], **tables}
    return json.dumps(tree).encode()


def attempt(**fields: object) -> dict[str, object]:
    usual = {"at": "2026-03-02T09:00:00+00:00", "module": "m", "exercise": "e", "status": "right"}
    return {**usual, "diagnosis": None, "points": 1, "max_points": 1, **fields}


def surveyed(**fields: object) -> dict[str, object]:
    usual = {"at": "2026-03-02T09:00:00+00:00", "module": "m", "question": "unclear"}
    return {**usual, "answer": "x", "is_shared": 1, **fields}


PROGRESS: dict[str, Callable[[], bytes]] = {
    "a survey of many answers": lambda: progress(survey=[surveyed()] * 60_000),
    "a long text in a survey": lambda: progress(survey=[surveyed(answer="\0\u202e" * 10**6)]),
    "answers that are numbers": lambda: progress(survey=[surveyed(answer=5, question="useful")]),
    "a survey of another kind": lambda: progress(survey={"known": 3}),
    "shared beyond all counts": lambda: progress(survey=[surveyed(is_shared=2**70)]),
    "empty objects": lambda: progress(attempts=[{}] * 2_000_000),
    "more empty objects": lambda: b"[" + b"{}," * 2_500_000 + b"1]",
    "the last day of all": lambda: progress(attempts=[attempt(at="9999-12-31T23:59:59+00:00")]),
    "the first day of all": lambda: progress(visits=[{"at": "0001-01-01T00:00:00", "module": "m"}]),
    "a day before any day": lambda: progress(attempts=[attempt(at="0001-01-01T00:00:00+23:59")]),
    "a year that its zone moves": lambda: progress(
        attempts=[attempt(at="1970-01-01T00:00:00+23:59"), attempt(at="2999-12-31T23:59:59-01:00")]
    ),
    "a negative zero": lambda: progress(attempts=[attempt(points=-0.0)]),
    "points of one hash": lambda: progress(
        attempts=[attempt(points=2.0 ** (61 * (i % 16)), max_points=i) for i in range(3_000)]
    ),
    "points beyond floats": lambda: progress(attempts=[attempt(points=10**400)]),
    "half of a letter": lambda: progress(attempts=[attempt(exercise="\ud800")]),
    "half of a letter as a key": lambda: progress(attempts=[{**attempt(), "\ud800": 1}]),
    "half of a letter in the time": lambda: progress(attempts=[attempt(at="2026-03-02T\ud800")]),
    "a stage beyond all stages": lambda: progress(
        hints=[{"module": "m", "exercise": "e", "stage": 2**63}]
    ),
    "a version that is true": lambda: progress(version=True),
    "a number of many digits": lambda: (
        progress(attempts=[attempt(points=1)]).replace(b": 1,", b": " + b"1" * 5_000 + b",")
    ),
    "nesting": lambda: b"[" * 100_000,
}  # fmt: skip
