"""Watch the learner's kernel, so that a slip of a cell is told by the check that follows from it.

Three things of a cell are noticed: that it could not be read (a SyntaxError), that it uses a name
which only the setup cell brings, and that it was interrupted. `begin` starts watching. In kernels
this is an IPython extension, which watches from the start: only so can a kernel that was restarted
say what to run. `lepton learn` names it to its kernels; to others of the environment, such as VS
Code's, a file does so that the package installs (`jupyter/ipython`).
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from lepton_course.checks.kernel.quiet_imports import quiet_tensorflow
from lepton_course.checks.kernel.time_limit import COURSE, own_line
from lepton_course.errors import wrapped
from lepton_course.progress_bar import LoadingLine, is_interactive

RUN_SETUP = (
    "Run the notebook's setup cell first, its first code cell: it has not run since this kernel "
    "started. Then run this cell again."
)


@dataclass(frozen=True)
class UnreadCell:
    """Why Python could not read the cell that defines a name. line: counted from 1."""

    kind: str
    message: str
    line: int
    text: str


NameProblem = Callable[[str, str], str | None]
"""Explains a name that is not defined, given the name and the line; None for an ordinary one."""

_unread: dict[str, UnreadCell] = {}
_name_problem: NameProblem | None = None
_watched: Any = None


def load_ipython_extension(shell: Any) -> None:
    """Watch a kernel from its start."""
    watch(shell)
    quiet_tensorflow()  # a setup cell may import it before `begin`
    shell.events.register("pre_run_cell", _before_cell)


def watch(shell: Any = None) -> None:
    """Watch the kernel of this process, if it is one. Safe to call twice."""
    global _watched
    if shell is None:
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython else None
    if shell is None or shell is _watched:
        return
    _watched = shell
    shell.events.register("post_run_cell", _after_cell)
    shell.set_custom_exc((NameError, KeyboardInterrupt), _show)


def unread_cell(name: str) -> UnreadCell | None:
    """Return why the newest cell that defines `name` could not be read; None when it could."""
    return _unread.get(name)


def explain_names(problem: NameProblem) -> None:
    """Have `problem` explain unknown names from now on."""
    global _name_problem
    _name_problem = problem


_DEFINES = re.compile(
    r"^[ \t]*(?:async +)?(?:deff?|define|function|func|clas|class)[ \t]+(\w+)"
    r"|^(\w+)[ \t]*(?::[^=\n]+)?=(?!=)",
    re.MULTILINE | re.IGNORECASE,
)
"""What a cell defines, also where the first word is misspelt."""


_IMPORTS = re.compile(r"^(?:import|from)[ \t]+(torch|tensorflow|keras|matplotlib)\b", re.MULTILINE)


def _before_cell(info: Any) -> None:
    """Say what a setup cell loads, which takes seconds and would otherwise look like nothing."""
    source = getattr(info, "raw_cell", "") or ""
    names = [name for name in dict.fromkeys(_IMPORTS.findall(source)) if name not in sys.modules]
    if "begin(" in source and names:
        line = LoadingLine(is_interactive())
        line.say(f"Loading {' and '.join(names)}, which takes some seconds the first time")
        line.keep()


def _after_cell(result: Any) -> None:
    """Remember which names a cell would have defined, had Python been able to read it."""
    LoadingLine.drop()
    source = getattr(result.info, "raw_cell", "") or ""
    names = {a or b for a, b in _DEFINES.findall(source)}
    error = result.error_before_exec
    for name in names:
        _unread.pop(name, None)
    if isinstance(error, SyntaxError):
        text = (error.text or "").strip()
        unread = UnreadCell(type(error).__name__, error.msg or "", error.lineno or 0, text)
        _unread.update(dict.fromkeys(names, unread))


def _show(
    shell: Any, kind: type, error: BaseException, trace: TracebackType, tb_offset: int | None = None
) -> None:
    """Show a NameError or an interrupt in words that name what to do."""
    lines: list[str] = []
    if isinstance(error, NameError):
        said = _explain(error.name or "", own_line(trace))
        lines = [f"NameError: {error}", *wrapped(said)] if said else []
    elif not hasattr(error, "_render_traceback_") and _has_course_frames(trace):
        own = own_line(trace)
        lines = [f"Interrupted at the line `{own}`." if own else "Interrupted."]
    if lines:
        error._render_traceback_ = lambda: lines  # IPython shows this in place of the frames
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset, running_compiled_code=True)


def _explain(name: str, line: str) -> str | None:
    return _setup_problem() if _name_problem is None else _name_problem(name, line)


def _setup_problem() -> str | None:
    from lepton_course.progress.database import find_workspace

    return RUN_SETUP if find_workspace() else None


def _has_course_frames(trace: TracebackType) -> bool:
    return any(f.filename.startswith(COURSE) for f in traceback.extract_tb(trace))
