"""A log that keeps nbgrader's warnings, to explain a failure afterwards."""

from __future__ import annotations

import logging


class KeptLog(logging.Logger):
    """A logger that keeps warnings and errors instead of printing them."""

    def __init__(self, name: str) -> None:
        super().__init__(f"lepton.{name}", logging.WARNING)
        self.propagate = False
        self._lines = _Lines()
        self.addHandler(self._lines)

    def text(self) -> str:
        """Return everything that was logged, one record a line."""
        return "\n".join(self._lines.lines)

    def cause(self) -> str:
        """Return the last line that names an exception, or the last line if none does."""
        lines = [line.strip() for line in self.text().splitlines() if line.strip()]
        named = [line for line in lines if line.split(":")[0].endswith(("Error", "Exception"))]
        return (named or lines or ["no reason was given"])[-1]


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))
