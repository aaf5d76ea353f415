"""Show a check's panel with buttons below it, which change what the panel shows.

The panel is an ordinary output, so that it stays in the saved notebook; only the buttons are
widgets. They take the keyboard like all buttons: Tab to reach one, Enter or Space to press it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lepton_course.checks.kernel.limits import Interrupted
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
        self.confirming = False
        rows: list[list[Any]] = [asking.row(self._answer)] if asking else []
        self._label()
        rows.append(list(self.buttons.values()))
        self._show = show_with_buttons(self._panels(), rows)

    def _answer(self, text: str) -> None:
        self._renew(text)

    def _press(self, kind: Kind) -> None:
        if kind == "solution" and self._offer(kind).confirm and not self.confirming:
            self.confirming = True
            self._label()
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
        self._refresh()

    def _renew(self, text: str | None) -> None:
        try:
            hints = self.view.hints
            self.view = self.again(text)
            self.view.hints = hints  # they stay open
        except Interrupted as error:
            self._show([Panel("error", "Interrupted.", (Line("", str(error)),))])
            return
        self._refresh()

    def _refresh(self) -> None:
        self._label()
        self._show(self._panels())

    def _panels(self) -> list[Panel]:
        return self.view.panels()

    def _offer(self, kind: Kind) -> Offer:
        offers = {offer.kind: offer for offer in self.view.main().offers}
        return offers.get(kind, Offer(kind, ""))

    def _label(self) -> None:
        """Name each button as the panel offers it; hide those that it does not offer."""
        for kind, button in self.buttons.items():
            offer = self._offer(kind)
            said = offer.confirm if kind == "solution" and self.confirming else offer.button
            if kind == "solution" and self.view.solution:
                said = ""
            button.description = said or " "
            button.layout.display = "" if said else "none"
