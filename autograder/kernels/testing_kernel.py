"""A kernel that runs a test cell past everything that a notebook's code can hook into.

IPython lets any cell change how later cells are read, run and reported: input transformers, AST
transformers, event hooks, exception handlers, formatters, display hooks, trace functions. A test
uses none of them. A request is an ordinary execute request whose code starts with `MARK`; the
reply says whether the test passed, and carries the value of its last expression as text.

The test still runs in the process that it tests. Code written against this kernel can find these
functions and replace them; docs/switch.md says so.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import linecache
import sys
import traceback
from inspect import CO_COROUTINE
from types import BuiltinFunctionType
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from IPython.lib.pretty import pretty

MARK = "# lepton: test\n"
WITH_VALUE, WITHOUT_VALUE = "# value\n", "# no value\n"
"""Second line of a request: whether the value of the last expression counts."""

FILE = "<test>"

# Bound before any notebook code runs, so that its replacements are not used.
_compile, _eval, _repr, _pretty, _type = compile, eval, repr, pretty, type
_settrace, _setprofile = sys.settrace, sys.setprofile
_Expr, _Expression, _Module = ast.Expr, ast.Expression, ast.Module
_AWAIT, _ONLY_AST = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, ast.PyCF_ONLY_AST
_LEFT_ALONE = {"input", "print", "open", "__import__", "exit", "quit"}
"""Builtins that a kernel, or an honest test, has reasons to replace."""
_BUILTINS = {
    name: value
    for name, value in vars(builtins).items()
    if isinstance(value, type | BuiltinFunctionType) and name not in _LEFT_ALONE
}
_PLAIN = (int, float, bool, str)


class TestingKernel(IPythonKernel):
    """An IPython kernel that also accepts tests."""

    __test__ = False  # not a test of pytest's

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._namespace = self.shell.user_ns

    async def do_execute(self, code: str, *args: Any, **options: Any) -> dict[str, Any]:
        """Run an ordinary cell, or a test."""
        if not code.startswith(MARK):
            return await super().do_execute(code, *args, **options)
        reply = await run_test(code, self._namespace)
        with contextlib.suppress(Exception):
            self.shell.execution_count += 1
        return {"execution_count": 0, "user_expressions": {}, "payload": [], **reply}


async def run_test(code: str, namespace: dict[str, Any]) -> dict[str, Any]:
    """Run a test in a namespace; return a reply that has the key "test" only if the test passed."""
    _setprofile(None)
    builtins.__dict__.update(_BUILTINS)
    namespace["__builtins__"] = builtins
    mode, _, source = code[len(MARK) :].partition("\n")
    lines = source.splitlines(keepends=True)
    linecache.cache[FILE] = (len(source), None, lines, FILE)  # for tracebacks
    try:
        value = await _value(source, namespace)
        shown = mode + "\n" == WITH_VALUE and value is not None
        return {"status": "ok", "test": {"value": _text(value) if shown else None}}
    except BaseException as error:  # whatever was raised, the test has not passed
        return _failure(error)


async def _value(source: str, namespace: dict[str, Any]) -> Any:
    """Run a source; return the value of its last statement if that is an expression, else None.

    Each statement is a program of its own, as in IPython, so no trace function can jump out of it.
    """
    # Never optimised: that would remove each `assert`.
    options: dict[str, Any] = {"dont_inherit": True, "optimize": 0}
    tree = _compile(source, FILE, "exec", _AWAIT | _ONLY_AST, **options)
    value = None
    for node in tree.body:
        last = node is tree.body[-1] and _type(node) is _Expr
        part, mode = (_Expression(node.value), "eval") if last else (_Module([node], []), "exec")
        program = _compile(part, FILE, mode, _AWAIT, **options)
        _settrace(None)
        value = _eval(program, namespace)
        if program.co_flags & CO_COROUTINE:
            value = await value
    return value


def _text(value: Any) -> str:
    """Return the value as a notebook shows it."""
    return _repr(value) if _type(value) in _PLAIN else _pretty(value)


def _failure(error: BaseException) -> dict[str, Any]:
    """Return an error reply."""
    try:
        inner = error.__traceback__
        while inner and inner.tb_frame.f_code.co_filename == __file__:
            inner = inner.tb_next  # frames of this file mean nothing to the reader
        lines = traceback.format_exception(_type(error), error, inner)
        text = str(error)
    except BaseException:  # an exception's own methods are the learner's
        lines, text = [], ""
    return {
        "status": "error",
        "ename": _type(error).__name__,
        "evalue": text,
        "traceback": "".join(lines).splitlines(),
    }
