"""No test of the hub waits for ever: one that did stopped a whole run, and nobody knew which."""

from __future__ import annotations

import ast
import subprocess
import threading
import tomllib
from collections.abc import Iterator

import pytest
from bounded_waits import join_all, killed_after, until
from conftest import CLONE

FOLDERS = ("tests/hub", "tests/support")
WAITS = ("join", "wait", "get", "result", "acquire", "communicate")
"""Methods that wait for ever where they are given nothing."""
RUNS = ("run", "check_call", "check_output")


def endless_waits(source: str) -> Iterator[str]:
    """Yield the calls that wait without a limit; what is awaited, an event loop can end."""
    tree = ast.parse(source)
    awaited = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Await)}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        given = {word.arg for word in node.keywords}
        method, place = node.func.attr, ast.unparse(node.func.value)
        waits = method in WAITS and not node.args and not given and id(node) not in awaited
        runs = place == "subprocess" and method in RUNS and "timeout" not in given
        forks = method in ("get_context", "Pool", "Process") and "multiprocessing" in source
        if waits or runs or forks:
            yield f"{node.lineno}: {ast.unparse(node.func)}"


def test_waits_have_a_limit():
    found = [
        f"{path.relative_to(CLONE)}:{one}"
        for folder in FOLDERS
        for path in sorted((CLONE / folder).glob("*.py"))
        for one in endless_waits(path.read_text(encoding="utf-8"))
    ]
    assert found == [], "give it a limit, or use tests/support/bounded_waits.py"


@pytest.mark.parametrize("source", [
    "thread.join()", "process.wait()", "queue.get()", "subprocess.run(['x'], check=True)",
    "import multiprocessing\nmultiprocessing.get_context('fork')",
])  # fmt: skip
def test_endless_waits_are_found(source):
    assert [*endless_waits(source)]
    assert not [*endless_waits("thread.join(5); x.wait(timeout=1); ', '.join(a); d.get('b')")]


def test_a_test_that_hangs_is_ended_and_named():
    """By an exception; where none gets through, with its process."""
    told = tomllib.loads((CLONE / "pyproject.toml").read_text(encoding="utf-8"))
    options = told["tool"]["pytest"]["ini_options"]
    assert 300 < options["timeout"] < options["faulthandler_timeout"] < 3600
    assert options["faulthandler_exit_on_timeout"] is True


def test_what_does_not_come_fails():
    with pytest.raises(AssertionError, match="still not so: rain"):
        until(lambda: False, "rain", 0.05)
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait, args=[20], name="slow one")
    thread.start()
    with pytest.raises(AssertionError, match="slow one"):
        join_all([thread], 0.05)
    go_on.set()
    join_all([thread], 20)
    silent = ["sh", "-c", "sleep 60 & sleep 60"]
    process = subprocess.Popen(silent, stdout=subprocess.PIPE, start_new_session=True)
    with killed_after(process, 0.2), process.stdout:
        assert process.stdout.readline() == b""
    process.wait(20)
