"""Show a check's panel with buttons below it, which change what the panel shows.

The panel is an ordinary output, so that it stays in the saved notebook; only the buttons are
widgets. They take the keyboard like all buttons: Tab to reach one, Enter or Space to press it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lepton_course.checks.kernel.time_limit import Interrupted
from lepton_course.checks.offers import Kind, Offer, ends_in_solution, next_part
from lepton_course.checks.panel import (
    Line,
    Panel,
    hint_panel,
    solution_panel,
    verdict_panel,
)
from lepton_course.checks.widgets import Asking, make_button, show_with_buttons
from lepton_course.exercises.judge import Verdict
from lepton_course.exercises.model import Question
from lepton_course.exercises.probes import Observation

KINDS: tuple[Kind, ...] = ("hint", "compare", "look", "again", "solution")


@dataclass(frozen=True)
class CheckedAnswer:
    """One judged attempt. failures: consecutive ones that were not right, this one included."""

    question: Question
    verdict: Verdict
    observations: Sequence[Observation]
    failures: int = 1
    hints_seen: int = 0


@dataclass
class CheckView:
    """What a learner has asked to see of an attempt. hints: number of hints that are open."""

    attempt: CheckedAnswer | Panel
    question: Question
    hints_seen: int = 0
    hints: int = 0
    compare: bool = False
    part: str | None = None
    solution: bool = False
    solved_before: bool = False

    def main(self) -> Panel:
        """Return the panel of the verdict."""
        if isinstance(self.attempt, Panel):
            return self.attempt
        return verdict_panel(
            self.question,
            self.attempt.verdict,
            self.attempt.observations,
            failures=self.attempt.failures,
            hints_seen=self.hints_seen,
            compare=self.compare,
            part=self.part,
            solved_before=self.solved_before,
        )

    def panels(self) -> list[Panel]:
        """Return all panels, from top to bottom."""
        shown = [self.main()]
        if self.hints:
            hints = hint_panel(self.question, self.hints - 1)
            shown.append(replace(hints, offers=()))  # the buttons below offer the next one
        if self.solution:
            shown.append(solution_panel(self.question))
        return shown

    def press(self, kind: Kind) -> None:
        """Change what is shown as a button asks. "again" is the caller's."""
        if kind == "hint":
            last = len(self.question.hints) - ends_in_solution(self.question)
            self.hints_seen = max(self.hints_seen, min(self.hints_seen + 1, last))
            self.hints = min(self.hints_seen, last)
        elif kind == "compare":
            self.compare = True
        elif kind == "solution":
            self.solution = True
        elif kind == "look" and isinstance(self.attempt, CheckedAnswer):
            verdict = self.attempt.verdict
            wrong = [part.part for part in verdict.parts if not part.passed]
            self.part = next_part(verdict, self.part or wrong[0])


class LivePanel:
    """A panel on the page, with buttons that change it.

    again: judges the answer as it is now; given a text, a prediction that was typed in.
    hint_seen: records how many hints the learner has seen.
    """

    def __init__(
        self,
        view: CheckView,
        again: Callable[[str | None], CheckView],
        hint_seen: Callable[[int], None],
        asking: Asking | None = None,
    ) -> None:
        self.view = view
        self.again = again
        self.hint_seen = hint_seen
        self.buttons = {
            kind: make_button("", lambda kind=kind: self._press(kind)) for kind in KINDS
        }
        self.offers: dict[Kind, Offer] = {}
        self.confirming = False
        rows: list[list[Any]] = [asking.row(self._renew)] if asking else []
        rows.append(list(self.buttons.values()))
        self._show = show_with_buttons(self._label(), rows)

    def _press(self, kind: Kind) -> None:
        if kind == "solution" and self.offers[kind].confirm and not self.confirming:
            self.confirming = True
            self._name_buttons()
            return
        self.confirming = False
        if kind == "again":
            self._renew(None)
            return
        self.view.press(kind)
        if kind == "solution":
            self.hint_seen(len(self.view.question.hints))
        elif kind == "hint":
            self.hint_seen(self.view.hints_seen)
        self._show(self._label())

    def _renew(self, text: str | None) -> None:
        hints = self.view.hints
        try:
            self.view = self.again(text)
        except Interrupted as error:
            self._show([Panel("error", "Interrupted.", (Line("", str(error)),))])
            return
        self.view.hints = hints  # they stay open
        self._show(self._label())

    def _label(self) -> list[Panel]:
        """Return the panels to show, and name the buttons as they offer it."""
        panels = self.view.panels()
        self.offers = {offer.kind: offer for offer in panels[0].offers}
        self._name_buttons()
        return panels

    def _name_buttons(self) -> None:
        """Write on each button what it does; hide those that are not offered."""
        for kind, button in self.buttons.items():
            offer = self.offers.get(kind)
            said = offer.button if offer else ""
            if offer and kind == "solution":
                said = "" if self.view.solution else offer.confirm if self.confirming else said
            button.description = said or " "
            button.layout.display = "" if said else "none"
