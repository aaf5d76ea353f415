"""A kernel that runs a test cell past everything that a notebook's code can hook into.

IPython lets any cell change how later cells are read, run and reported: input transformers, AST
transformers, event hooks, exception handlers, formatters, display hooks, trace functions. A test
uses none of them. A request is an ordinary execute request whose code starts with `MARK`; the
reply says whether the test passed, and carries the value of its last expression as text.

What a cell leaves behind for later ones is as in IPython: its source is in `In`, its value in `_`
and `Out`, and its figures are shown and closed.

The test still runs in the process that it tests. Code written against this kernel can find these
functions and replace them; docs/switch.md says so.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import linecache
import re
import sys
import traceback
from dataclasses import dataclass
from inspect import CO_COROUTINE
from types import BuiltinFunctionType
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from IPython.lib.pretty import pretty

MARK = "# lepton: test\n"
WITH_VALUE, WITHOUT_VALUE = "# value\n", "# no value\n"
"""Second line of a request: whether the value of the last expression counts."""
KEEP, DISCARD = "# keep builtins\n", "# discard builtins\n"
"""Third line: whether builtins that the source names stay as it leaves them."""

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
_MISSING = object()
_WORD = re.compile(r"\w+")
_REMOVED: set[str] = set()
"""Builtins that a locked cell has removed."""
_NAMED: set[str] = set()
"""Words of the cells that may replace builtins."""
MOST_LINES = 1_000
MOST_CHARACTERS = 100_000
"""Of what an exception says; the rest is left out."""


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
        mode, keep, source = code[len(MARK) :].split("\n", 2)
        with contextlib.suppress(BaseException):
            self.shell.history_manager.store_inputs(self.shell.execution_count, source)
        ran = await run_test(source, self._namespace, f"{keep}\n" == KEEP)
        reply = ran.reply(f"{mode}\n" == WITH_VALUE)
        with contextlib.suppress(BaseException):  # may be the learner's; the outcome stands
            if ran.value is not None:
                self.shell.displayhook.update_user_ns(ran.value)
        with contextlib.suppress(BaseException):
            _close_figures()
        with contextlib.suppress(Exception):
            self.shell.execution_count += 1
        return {"execution_count": 0, "user_expressions": {}, "payload": [], **reply}


@dataclass(frozen=True)
class TestRun:
    """A test that ran: the value of its last expression, or what it raised."""

    __test__ = False

    value: Any = None
    error: BaseException | None = None

    def reply(self, shown: bool) -> dict[str, Any]:
        """Return the reply, which has the key "test" only if the test passed.

        shown: whether the value counts.
        """
        if self.error is not None:
            return _failure(self.error)
        try:
            text = _text(self.value) if shown and self.value is not None else None
            return {"status": "ok", "test": {"value": text}}
        except BaseException as error:  # the value's own methods may raise anything
            return _failure(error)


async def run_test(source: str, namespace: dict[str, Any], keep: bool = False) -> TestRun:
    """Run a test in a namespace.

    keep: whether builtins that the source names stay as it leaves them, for the tests that follow.
    """
    _setprofile(None)
    _put_back_builtins()
    namespace["__builtins__"] = builtins
    lines = source.splitlines(keepends=True)
    linecache.cache[FILE] = (len(source), None, lines, FILE)  # for tracebacks
    try:
        return TestRun(await _value(source, namespace))
    except BaseException as error:  # whatever was raised, the test has not passed
        return TestRun(error=error)
    finally:
        if keep:
            _keep_builtins(source)


def _put_back_builtins() -> None:
    builtins.__dict__.update(_BUILTINS)
    for name in _REMOVED:
        builtins.__dict__.pop(name, None)


def _keep_builtins(source: str) -> None:
    """Take builtins that such cells name, as they are now, for what tests find from now on."""
    _NAMED.update(_WORD.findall(source))
    for name in _NAMED & {*_BUILTINS, *_REMOVED}:
        now = builtins.__dict__.get(name, _MISSING)
        if now is _MISSING:
            _BUILTINS.pop(name, None)
            _REMOVED.add(name)
        else:
            _BUILTINS[name] = now
            _REMOVED.discard(name)


def _close_figures() -> None:
    """Show and close the test's figures, as IPython does after each cell."""
    inline = sys.modules.get("matplotlib_inline.backend_inline")
    matplotlib = sys.modules.get("matplotlib")
    if inline and matplotlib and "inline" in matplotlib.get_backend():
        inline.flush_figures()


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


def _text(value: Any) -> str | None:
    """Return the value as a notebook shows it, or None if it shows itself in another way."""
    if _type(value) in _PLAIN:
        return _repr(value)
    show_itself = getattr(_type(value), "_ipython_display_", None)
    if show_itself is not None:
        show_itself(value)
        return None
    bundle = getattr(_type(value), "_repr_mimebundle_", None)
    if bundle is not None:
        data = bundle(value, include=None, exclude=None)
        data = data[0] if isinstance(data, tuple) else data
        if isinstance(data, dict) and isinstance(data.get("text/plain"), str):
            return data["text/plain"]
    return _pretty(value)


def _failure(error: BaseException) -> dict[str, Any]:
    """Return an error reply."""
    try:
        inner = error.__traceback__
        while inner and inner.tb_frame.f_code.co_filename == __file__:
            inner = inner.tb_next  # frames of this file mean nothing to the reader
        lines = traceback.format_exception(_type(error), error, inner)
        text = str(error)[:MOST_CHARACTERS]
    except BaseException:  # an exception's own methods are the learner's
        lines, text = [], ""
    return {
        "status": "error",
        "ename": _type(error).__name__,
        "evalue": text,
        "traceback": "".join(lines)[:MOST_CHARACTERS].splitlines()[:MOST_LINES],
    }
