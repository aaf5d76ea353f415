"""Results as tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.judging.results import SubmissionResult
from autograder.submissions.untrusted_outputs import printable

_STYLES = {"graded": "green", "partly graded": "yellow", "not gradable": "red"}


def console() -> Console:
    """Prints tables; into a file or a pipe, wide enough for them."""
    terminal = Console()
    return terminal if terminal.is_terminal else Console(width=120)


SHARED = (
    "The tests of this course ran in the same process as what they test, so code that is made for "
    "it can earn points that it does not deserve."
)


def results_table(results: Sequence[SubmissionResult], shares_process: bool = False) -> Table:
    """One line per submission: points, what was diagnosed, and why something is missing.

    shares_process: say at the foot that the learners' processes could change what was decided.
    """
    caption = SHARED if shares_process else None
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
    """The reason, if any, and a line for each exercise with a diagnosis."""
    found = [f"{e.name}: {', '.join(e.remarks)}" for e in result.exercises if e.remarks]
    return [result.reason, *found] if result.reason else found
