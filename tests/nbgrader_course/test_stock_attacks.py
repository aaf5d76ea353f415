"""Tests that are cells with `assert`: honest ones count as in nbgrader, and hooks earn nothing.

Code that is made for the kernel's own way of running tests can still deceive it; docs/switch.md
says so. These are the ways that work against every nbgrader course.
"""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from conftest import CLONE
from nbformat.v4 import new_code_cell, new_notebook

from autograder.execution import running as execution
from autograder.execution.job import SubmissionLimits
from autograder.judging.course import GradingTask
from autograder.kernels.owner import ALSO
from autograder.nbgrader_course.stock_assignment import StockAssignment
from autograder.nbgrader_course.stock_restoring import KnownNotebook
from autograder.sandbox.choice import NO_WALLS
from autograder.sandbox.walls import survey
from autograder.submissions.submission import Submission

pytestmark = pytest.mark.usefixtures("small_zygote")
PRELOAD = ALSO
WRONG = "def double(x):\n    return x"
TEST = "assert double(2) == 4\nassert all([double(3) == 6])\nlooked = True"
PARTLY = "earned = 0.0\nfor x in (1, 2):\n    earned += double(x) == 2 * x\nearned"
MOST = 2.0


@pytest.fixture(autouse=True)
def course_for_kernels(monkeypatch):
    """Kernels import the course from this clone, installed or not."""
    path = os.pathsep.join(filter(None, [str(CLONE), os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", path)


def grade(folder: Path, *cells: str | nbformat.NotebookNode, walls=None, seconds: int = 10):
    """A submission of these cells, graded; a source that tests `double` is a test."""
    cells = [as_cell(cell, f"test{number}") for number, cell in enumerate(cells)]
    tests = [c.metadata.nbgrader["grade_id"] for c in cells if "nbgrader" in c.metadata]
    known = {"n": KnownNotebook(frozenset(tests), dict.fromkeys(tests, MOST))}
    assignment = StockAssignment("a", known, folder, seconds, "", "", None)
    notebooks = {"n": nbformat.writes(new_notebook(cells=cells))}
    walls = survey().walls if walls is None else walls
    return assignment.grade(
        GradingTask(Submission(notebooks, (), ""), folder, SubmissionLimits(), 1, walls)
    )


def as_cell(cell: str | nbformat.NotebookNode, grade_id: str) -> nbformat.NotebookNode:
    if isinstance(cell, str) and cell.startswith(("assert", "earned", "%%", "print")):
        mark = {"grade": True, "solution": False, "locked": True, "schema_version": 3}
        mark |= {"points": MOST, "grade_id": grade_id}
        return new_code_cell(cell, metadata={"nbgrader": mark})
    return new_code_cell(cell) if isinstance(cell, str) else cell


def outputs(judged) -> list:
    return nbformat.reads(judged.notebooks["n"], as_version=4).cells[-1].outputs


HONEST = {
    "right": ("def double(x): return 2 * x", TEST, 2),
    "wrong": (WRONG, TEST, 0),
    "nothing": ("", TEST, 0),
    "all of a partial credit": ("def double(x): return 2 * x", PARTLY, 2),
    "half of a partial credit": ("def double(x): return 2", PARTLY, 1),
    "none of a partial credit": (WRONG, PARTLY, 0),
    "a semicolon hides the value": (WRONG, "earned = 0.5; earned;", 2),
    "text is no score": (WRONG, "earned = 'some'\nearned", 2),
    "more than the most": (WRONG, "earned = 5.0\nearned", 0),
    "a warning on stderr": (WRONG, "print('hm', file=__import__('sys').stderr)", 0),
    "a magic": ("def double(x): return 2 * x", "%%time\nassert double(2) == 4", 2),
    "waiting": ("import asyncio", "assert await asyncio.sleep(0, 1)\nassert True", 2),
    "bad syntax": (WRONG, "assert double(2) ==", 0),
    "too long": (WRONG, "assert not __import__('time').sleep(9)", 0),
}


@pytest.mark.parametrize("case", HONEST)
def test_honest_work_gets_what_nbgrader_gives(case, tmp_path):
    answer, test, points = HONEST[case]
    assert grade(tmp_path, answer, test, seconds=2).score == points


HOOKS = {
    "an AST transformer that drops assertions": """
import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
get_ipython().ast_transformers.append(Drop())
""",
    "an input transformer at the end": """
get_ipython().input_transformers_post.append(lambda lines: ["pass\\n"])
""",
    "an input transformer at the start": """
get_ipython().input_transformers_cleanup.append(lambda lines: ["2.0\\n"])
""",
    "an event before each cell that shows a score": """
import sys
get_ipython().events.register("pre_run_cell", lambda info: get_ipython().displayhook(2.0))
get_ipython().events.register("pre_execute", lambda: get_ipython().displayhook(2.0))
""",
    "a handler that swallows exceptions": """
get_ipython().set_custom_exc((BaseException,), lambda *args, **kwargs: None)
""",
    "tracebacks that are not shown": """
shell = get_ipython()
shell.showtraceback = shell._showtraceback = lambda *args, **kwargs: None
type(shell)._showtraceback = lambda *args, **kwargs: None
""",
    "a result that is shown by the function": """
def double(x):
    get_ipython().displayhook.prompt_count
    get_ipython().displayhook(2.0)
    return x
""",
    "a result that is sent by hand": """
def double(x):
    kernel = get_ipython().kernel
    content = {"data": {"text/plain": "2.0"}, "metadata": {}, "execution_count": 1}
    kernel.session.send(kernel.iopub_socket, "execute_result", content, kernel.get_parent())
    return x
""",
    "a result that is sent by a thread, all the time": """
import threading, time
kernel = get_ipython().kernel
def boast():
    content = {"data": {"text/plain": "2.0"}, "metadata": {}, "execution_count": 1}
    for _ in range(300):
        kernel.session.send(kernel.iopub_socket, "execute_result", content, kernel.get_parent())
        time.sleep(0.01)
threading.Thread(target=boast, daemon=True).start()
def double(x):
    time.sleep(0.2)
    return x
""",
    "a reply that is sent by hand": """
def double(x):
    kernel = get_ipython().kernel
    parent, ident = kernel.get_parent(), kernel._shell_parent_ident.get()
    content = {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []}
    kernel.session.send(kernel.shell_stream, "execute_reply", content, parent, ident=ident)
    return x
""",
    "replies that always say ok": """
session = get_ipython().kernel.session
send = session.send
def kind(stream, message, content=None, *args, **kwargs):
    if message == "execute_reply":
        content = {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []}
    return send(stream, message, content, *args, **kwargs)
session.send = kind
""",
    "errors that are not sent": """
session = get_ipython().kernel.session
send = session.send
session.send = lambda s, m, *a, **k: None if "error" in str(m)[:80] else send(s, m, *a, **k)
""",
    "a way of its own to run cells": """
import types
async def run(self, *args, **kwargs):
    return types.SimpleNamespace(success=True, error_before_exec=None, error_in_exec=None)
shell = get_ipython()
type(shell).run_cell_async = run
type(shell).run_cell = lambda *args, **kwargs: None
async def no_error(*args, **kwargs): return False
type(shell).run_ast_nodes = type(shell).run_code = no_error
""",
    "a kernel that executes nothing": """
async def do_execute(*args, **kwargs):
    return {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []}
get_ipython().kernel.do_execute = do_execute
""",
    "another base class's way to execute": """
from ipykernel.ipkernel import IPythonKernel
async def do_execute(*args, **kwargs):
    return {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []}
IPythonKernel.do_execute = do_execute
""",
    "builtins that always agree": """
import builtins
builtins.all = builtins.any = lambda values: True
def double(x): return 4
""",
    "builtins in their place": """
import builtins
mine = dict(vars(builtins), all=lambda values: True)
__builtins__ = mine
def double(x): return 4
""",
    "a trace function that jumps over lines": """
import sys
def jump(frame, event, arg):
    if event == "line" and frame.f_code.co_name.startswith("<") and frame.f_lineno < 3:
        frame.f_lineno = 3
    return jump
sys.settrace(jump)
def double(x):
    frame = sys._getframe(1)
    frame.f_trace = jump
    sys.settrace(jump)
    return x
""",
    "another namespace": """
class Kind(dict):
    def __getitem__(self, name): return (lambda x: 2 * x)
    def __contains__(self, name): return True
get_ipython().user_ns = Kind()
""",
    "leaving": "import sys\ndef double(x): sys.exit(0)",
    "leaving for good": "import os\ndef double(x): os._exit(0)",
    "an interruption": "def double(x): raise KeyboardInterrupt",
    "an end of waiting": "import asyncio\ndef double(x): raise asyncio.CancelledError",
    "an exception that cannot be shown": """
class Odd(BaseException):
    def __str__(self): raise SystemExit(0)
    __repr__ = __str__
def double(x): raise Odd()
""",
    "no output": "import sys\nsys.stdout = sys.stderr = None",
    "updated outputs": """
from IPython.display import display
handle = display("2.0", display_id="mine")
def double(x):
    display({"text/plain": "2.0"}, raw=True, display_id="mine")
    return x
""",
}


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_earns_nothing(hook, tmp_path):
    judged = grade(tmp_path, WRONG, HOOKS[hook], TEST, seconds=5)
    assert judged.score == 0, outputs(judged)
    [_, made, _] = nbformat.reads(judged.notebooks["n"], as_version=4).cells
    assert not [output for output in made.outputs if output.output_type == "error"]


BOOSTS = {
    "formatters": """
text = get_ipython().display_formatter.formatters["text/plain"]
text.for_type(float, lambda value, p, cycle: p.text("2.0"))
""",
    "printers of all formatters": """
from IPython.lib import pretty
pretty.for_type(float, lambda value, p, cycle: p.text("2.0"))
pretty._type_pprinters[float] = lambda value, p, cycle: p.text("2.0")
""",
    "the builtin that makes text": "import builtins\nbuiltins.repr = lambda value: '2.0'",
    "display hooks": """
import sys
sys.displayhook = lambda value: None
type(get_ipython().displayhook).__call__ = lambda self, value=None: None
""",
    "updates of what was shown": """
from IPython.display import display
display("0", display_id="mine")
def double(x):
    display("0", display_id="mine")
    return x
""",
}


@pytest.mark.parametrize("boost", BOOSTS)
def test_partial_credit_is_the_value_and_not_its_looks(boost, tmp_path):
    later = "display({'text/plain': '2.0'}, raw=True, display_id='mine', update=True)"
    judged = grade(tmp_path, WRONG, BOOSTS[boost], PARTLY, later)
    assert judged.score == 0


def test_a_mark_that_skips_a_test_does_not(tmp_path):
    test = as_cell(TEST, "test")
    test.metadata["tags"] = ["skip-execution", "raises-exception"]
    assert grade(tmp_path, WRONG, test).score == 0


def test_the_learner_sees_which_assertion_failed(tmp_path):
    [error] = outputs(grade(tmp_path, "import os\nos.makedirs('sub')", WRONG, TEST))
    assert error.ename == "AssertionError"
    assert "assert double(2) == 4" in "\n".join(error.traceback)


def test_points_before_a_crash_count_and_the_line_says_where(tmp_path):
    right = "def double(x): return 2 * x"
    judged = grade(tmp_path, right, TEST, "import os\nos._exit(1)", PARTLY)
    assert (judged.score, judged.status) == (MOST, "partly graded")
    assert "the kernel died in the cell that starts with `import os`" in judged.reason


@pytest.mark.skipif(not survey().walls, reason="warm kernels need Linux")
def test_a_kernel_that_starts_cold_runs_tests_the_same_way(tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "_WARM", False)
    hook = HOOKS["an AST transformer that drops assertions"]
    assert grade(tmp_path, WRONG, hook, TEST, walls=NO_WALLS).score == 0
    assert grade(tmp_path, "def double(x): return 2", PARTLY, walls=NO_WALLS).score == 1
