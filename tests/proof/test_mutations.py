"""Small changes to code: those that learners make by accident."""

from __future__ import annotations

import ast

import pytest

from autograder.proof.mutants.mutation_operators import mutations


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("return a + b", "`return a + b` -> `return a - b`"),
        ("return a - b", "`return a - b` -> `return b - a`"),
        ("return a < b", "`return a < b` -> `return a <= b`"),
        ("return a + 1", "`return a + 1` -> `return a + 2`"),
        ("return f(a, b)", "`return f(a, b)` -> `return f(b, a)`"),
        ("return a.sum(axis=1)", "`return a.sum(axis=1)` -> `return a.sum(axis=0)`"),
        ("return a.sum(axis=1)", "`return a.sum(axis=1)` -> `return a.sum()`"),
        ("return a.sum(axis=1)", "`return a.sum(axis=1)` -> `return a.mean(axis=1)`"),
        ("a.zero_grad()\nreturn b", "`a.zero_grad()` -> `pass`"),
        ("a += b\nreturn a", "`a += b` -> `a = b`"),
        ("return a[:b]", "`return a[:b]` -> `return a[:b - 1]`"),
        ("return a[::b]", "`return a[::b]` -> `return a[:]`"),
        ("return a if b else 0", "`return a if b else 0` -> `return 0`"),
        ("return [x for x in a if x]", "`return [x for x in a if x]` -> `return [x for x in a]`"),
        ("return -a", "`return -a` -> `return a`"),
        ("return a and b", "`return a and b` -> `return a or b`"),
    ],
)
def test_changes_that_learners_make_by_accident(code, change):
    body = "\n    ".join(code.splitlines())
    definition = ast.parse(f"def f(a, b):\n    {body}").body[0]
    assert f"f: {change}" in [str(mutation) for mutation in mutations(definition)]


def test_changes_that_make_no_difference_are_not_made():
    definition = ast.parse("def f(a, b):\n    'words'\n    zip(a, b, strict=True)\n    max(a, b)")
    changes = [str(mutation) for mutation in mutations(definition.body[0])]
    assert changes == [
        "f: `zip(a, b, strict=True)` -> `pass`",
        "f: `zip(a, b, strict=True)` -> `zip(b, a, strict=True)`",
        "f: `max(a, b)` -> `pass`",
        "f: `max(a, b)` -> `min(a, b)`",
    ]
