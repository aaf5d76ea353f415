"""Natural slips: a name without quotes, a misspelt one, a cell that Python cannot read, a kernel
that was restarted. Each is told in a sentence that names the way on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import declare
from jupyter_client.manager import KernelManager, start_new_kernel

from lepton_course.checks.exercise_names import UnknownExercise, exercise_named
from lepton_course.errors import CourseError

KNOWN = ("in_units", "augment", "predicted_drop")


def in_units(w):
    return w


@pytest.mark.parametrize(
    "given", ["in_units", " in_units ", "in_units()", in_units, lambda w: in_units(w)]
)
def test_an_exercise_is_found_by_its_name_or_by_the_answer_itself(given):
    namespace = {"in_units": given if callable(given) else in_units}
    assert exercise_named(given, KNOWN, namespace) == "in_units"


def test_a_prediction_without_quotes_is_found_by_its_value():
    namespace = {"predicted_drop": "c", "in_units": in_units}
    assert exercise_named(namespace["predicted_drop"], KNOWN, namespace) == "predicted_drop"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("in_unit", 'Did you mean "in_units"?'),
        ("Augment", 'Did you mean "augment"?'),
        (time.sleep, "no exercise named"),
        (3.0, 'by its name in quotes: check("augment"), check("in_units")'),
    ],
)
def test_a_misspelt_name_is_answered_with_the_nearest(given, said):
    with pytest.raises(UnknownExercise) as told:
        exercise_named(given, KNOWN, {})
    assert said in str(told.value).replace("'", '"')


def test_errors_of_the_course_have_no_frames_in_a_notebook():
    assert UnknownExercise("There is none.")._render_traceback_() == ["There is none."]
    assert isinstance(UnknownExercise("x"), CourseError)


EXERCISES = """
from lepton_course.authoring import Call, Case, close, exercise

halving = exercise("halve", title="Halve it", points=1, difficulty=1, minutes=1,
                   probe=Call(), compare=close(), read="lesson.ipynb#Halving")

@halving.reference
def halve(x):
    return x / 2

@halving.cases
def cases(rng):
    yield Case("small", (4.0,))
    yield Case("large", (400.0,))
    yield Case("negative", (-4.0,))

halving.hints("How many are left?", "Divide.", "Divide x by 2.")

EXERCISES = [halving]
"""

BEGIN = "from lepton_course import begin, check, hint\nbegin('basics/00_halving')"


class PlainKernel:
    """A kernel with a person in front of it and no front end of the course, as in VS Code."""

    def __init__(self, client: Any, manager: KernelManager) -> None:
        self.client = client
        self.manager = manager

    def run(self, source: str, interrupt_after: float = 0) -> list[dict[str, Any]]:
        """The outputs of a cell, each as its content; streams and errors have a `text`."""
        asked = self.client.execute(source, allow_stdin=True)
        if interrupt_after:
            time.sleep(interrupt_after)
            self.manager.interrupt_kernel()
        outputs: list[dict[str, Any]] = []
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            content = message["content"]
            if message["parent_header"].get("msg_id") != asked:
                continue
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                return outputs
            if message["msg_type"] == "error":
                outputs.append({**content, "text": "\n".join(content["traceback"])})
            elif message["msg_type"] == "update_display_data":
                outputs = [o for o in outputs if o.get("transient") != content["transient"]]
                outputs.append(content)
            elif message["msg_type"] in ("display_data", "execute_result", "stream"):
                outputs.append(content)

    def press(self, button: str) -> str:
        """Press the newest button with this text; what the panel then says."""
        return self.told(
            "from ipywidgets import Button\nfrom ipywidgets.widgets.widget import _instances\n"
            f"found = [b for b in _instances.values() if isinstance(b, Button) "
            f"and b.description == {button!r} and b.layout.display != 'none']\nfound[-1].click()"
        )

    def told(self, source: str, **options: Any) -> str:
        """What a cell says, as text."""
        outputs = self.run(source, **options)
        return "\n".join(o.get("text") or o["data"]["text/plain"] for o in outputs)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A module's folder in a workspace and in a curriculum."""
    home = tmp_path_factory.mktemp("work")
    (home / ".lepton").mkdir()
    folder = home / "curriculum/basics/00_halving"
    folder.mkdir(parents=True)
    declare(folder, EXERCISES)
    return folder


@contextmanager
def started(folder: Path) -> Iterator[PlainKernel]:
    """A kernel as `lepton learn` starts it."""
    arguments = ["--IPKernelApp.extra_extensions=lepton_course.checks.kernel.kernel_hooks"]
    manager, client = start_new_kernel(cwd=str(folder), extra_arguments=arguments)
    yield PlainKernel(client, manager)
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def kernel(folder) -> Iterator[PlainKernel]:
    """A kernel whose setup cell has run."""
    with started(folder) as kernel:
        assert "1 exercise with checks" in kernel.told(BEGIN)
        yield kernel


def test_a_fresh_kernel_says_to_run_the_setup_cell(folder):
    """As after a restart."""
    with started(folder) as fresh:
        for source in ('check("halve")', "np.zeros(3)"):
            said = fresh.told(source)
            assert "is not defined" in said and "Run the notebook's setup cell first" in said
            assert "site-packages" not in said and "Traceback" not in said
        said = fresh.told('from lepton_course import check\ncheck("halve")')
        assert "setup cell first" in said and "Traceback" not in said


def test_a_plain_kernel_shows_a_useful_check(kernel):
    kernel.run("def halve(x):\n    return 2 * x")
    panel, *buttons = outputs = kernel.run('check("halve")')
    assert all("data" in output for output in outputs), outputs
    text, html = panel["data"]["text/plain"], panel["data"]["text/html"]
    assert "Halve it: not yet (0 of 1 points)." in text and "expected 2, got 8" in text
    for command in ('hint("halve")', 'check("halve", part="large")'):
        assert command in text and command.replace('"', "&quot;") in html
    assert "<th scope" in html, "the rows are a table's"
    assert [b["data"]["text/plain"] + b["data"]["text/html"] for b in buttons] == [""]


def test_its_buttons_answer_in_the_panel(kernel):
    kernel.run("def halve(x):\n    return 3 * x\nhint('halve', 1)")
    kernel.run('check("halve")')
    assert "2. Method: Divide." in kernel.press("Next hint: method")
    assert "Case: large" in kernel.press("Look at another case")
    assert kernel.press("Give up") == "", "it asks once more"
    assert "the way in words.\n  Divide x by 2." in kernel.press("Yes, show the way in words")
    kernel.run("def halve(x):\n    return x / 2")
    said = kernel.press("Check again")
    assert "right (1 of 1 points)" in said and "2. Method: Divide." in said, "hints stay open"


def test_quotes_may_be_left_out_and_names_misspelt(kernel):
    kernel.run("def halve(x):\n    return 3 * x")
    assert "not yet" in kernel.told("check(halve)")
    assert "Halve it: hint" in kernel.told("hint(halve, 1)")
    assert "Did you mean 'halve'?" in kernel.told('check("halv")')
    said = kernel.told("check(halv)")
    assert 'Did you mean check("halve")?' in said
    assert "Did you mean" not in kernel.told("halv + 1"), "an ordinary name"


def test_a_letter_without_quotes_is_told_to_have_them(kernel):
    assert kernel.told("halve = c  # a letter").splitlines() == [
        "NameError: name 'c' is not defined",
        'A letter needs quotes: halve = "c"',
    ]
    assert "quotes" not in kernel.told("other = c") and "quotes" not in kernel.told("halve = c + 1")


def test_what_was_solved_before_is_told_where_nothing_is_answered_now(kernel):
    """As the next day, before the answer's cell has run."""
    kernel.run("def halve(x):\n    return x / 2")
    kernel.run('check("halve")')
    said = kernel.told('del halve\ncheck("halve")')
    assert "`halve` is not defined: run the cell above" in said and "solved it before" in said
    assert "solved it before" not in kernel.told('halve = lambda x: x\ncheck("halve")')


def test_errors_are_told_in_short_lines(kernel):
    """JupyterLab would break longer ones within words."""
    said = kernel.told('check("nothing of this name")')
    assert "Traceback" not in said and max(map(len, said.splitlines())) <= 76


def test_a_cell_that_python_cannot_read_is_told_by_its_check(kernel):
    kernel.run("def halve(x):\n    retrun x / 2")
    said = kernel.told('check("halve")')
    assert "Python could not read the cell of `halve`" in said
    assert "SyntaxError" in said and "line 2: `retrun x / 2`" in said
    kernel.run("def halve(x):\n    return x / 2")
    assert "✓ Halve it: right (1 of 1 points)." in kernel.told('check("halve")')


def test_an_endless_loop_is_ended_and_its_case_named(kernel):
    kernel.run('import os\nos.environ["LEPTON_CHECK_SECONDS"] = "0.5"')
    kernel.run("def halve(x):\n    while x > 100:\n        x = x * 1\n    return x / 2")
    said = kernel.told('check("halve")')
    assert "Case: large" in said and "it had not finished after 0.5 s" in said
    assert "at the line `" in said and "✓ small, ✗ large, – negative (not run)" in said
    assert kernel.told("1 + 1") == "2", "the notebook stays usable"


def test_an_endless_loop_that_catches_everything_is_ended_too(kernel):
    kernel.run('import os\nos.environ["LEPTON_CHECK_SECONDS"] = "0.5"')
    loop = "try:\n            pow(3, 7)\n        except BaseException:\n            pass"
    kernel.run(f"def halve(x):\n    while True:\n        {loop}")
    assert "it had not finished after 0.5 s" in kernel.told('check("halve")')


def test_an_interrupted_check_shows_none_of_the_courses_frames(kernel):
    kernel.run('import os\nos.environ["LEPTON_CHECK_SECONDS"] = "0"')
    kernel.run("def halve(x):\n    while True:\n        x = x * 1")
    said = kernel.told('check("halve")', interrupt_after=1)
    assert said.startswith("You interrupted the check of halve in the case “small”, at the line `")
    assert "lepton_course" not in said and "probes.py" not in said
    said = kernel.told(
        "import time\nfrom lepton_course.checks.kernel.time_limit import run_limited\n"
        "run_limited(lambda: time.sleep(60), 0)",
        interrupt_after=1,
    )
    assert said == "Interrupted at the line `run_limited(lambda: time.sleep(60), 0)`."
