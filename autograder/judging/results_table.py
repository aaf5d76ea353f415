"""Grading results as tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.judging.results import SubmissionResult
from autograder.submissions.untrusted_outputs import printable

_STYLES = {"graded": "green", "partly graded": "yellow", "not gradable": "red"}


def console() -> Console:
    """Return a console for tables; without a terminal it is 120 characters wide."""
    terminal = Console()
    return terminal if terminal.is_terminal else Console(width=120)


SHARED_PROCESS_WARNING = (
    "The tests of this course ran in the same process as what they test, so code that is made for "
    "it can earn points that it does not deserve."
)


def results_table(results: Sequence[SubmissionResult], shares_process: bool = False) -> Table:
    """Return a table with a line per submission: points, diagnoses, and why something is missing.

    shares_process: add a caption that the learners' processes could change the verdict.
    """
    caption = SHARED_PROCESS_WARNING if shares_process else None
    table = Table(caption=caption, caption_justify="left", show_lines=False)
    for name in ("student", "status"):
        table.add_column(name, no_wrap=True)
    for name in ("score", "s"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("diagnosed, or reason")
    for result in results:
        table.add_row(
            Text(printable(result.student)),
            Text(result.status, style=_STYLES[result.status]),
            f"{result.score:g} / {result.max_score:g}",
            f"{result.seconds:.1f}",
            Text("\n".join(remarks(result))),
        )
    return table


def remarks(result: SubmissionResult) -> list[str]:
    """Return the reason, if any, and a line for each exercise with a diagnosis."""
    found = [f"{e.name}: {', '.join(e.remarks)}" for e in result.exercises if e.remarks]
    return [result.reason, *found] if result.reason else found
