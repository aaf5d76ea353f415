"""`record`: numbers that the text speaks of, with the band in which the text stays true."""

from __future__ import annotations

from dataclasses import asdict, dataclass

MIME = "application/vnd.lepton.record+json"
"""The output type under which a record stands in an executed notebook."""


@dataclass(frozen=True)
class Record:
    """A measured value with its band; `low` or `high` is None where the band is open."""

    name: str
    value: float
    low: float | None
    high: float | None

    @property
    def holds(self) -> bool:
        """Whether the value lies in its band; NaN never does."""
        above = self.low is None or self.value >= self.low
        below = self.high is None or self.value <= self.high
        return self.value == self.value and above and below

    def against_band(self) -> str:
        """The value beside its band, in words."""
        if self.low is None:
            band = f"at most {_digits(self.high)}"
        elif self.high is None:
            band = f"at least {_digits(self.low)}"
        elif self.low == self.high:
            band = _digits(self.low)
        else:
            band = f"{_digits(self.low)} to {_digits(self.high)}"
        return f"{self.name}: {_digits(self.value)} (expected: {band})"

    def __str__(self) -> str:
        note = "" if self.holds else "  <- outside: this run differs from what the text says"
        return self.against_band() + note


def _digits(value: float) -> str:
    """Four digits; all of those before the point where they can still be read."""
    return f"{value:.0f}" if 1e4 <= abs(value) < 1e7 else f"{value:.4g}"


def record(
    name: str,
    value: float,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    near: tuple[float, float] | None = None,
) -> float:
    """Prints a measured number with the band that the text relies on; returns the number.

    at_least, at_most: ends of the band. near: (centre, tolerance), both ends at once.
    The record also stands in the cell's output as JSON, so that an executed notebook can be
    proven: a value outside its band fails the proof, not the learner's session.
    """
    if near is not None:
        if at_least is not None or at_most is not None:
            raise ValueError(f"record({name!r}): give near, or at_least and at_most, not both")
        centre, tolerance = near
        at_least, at_most = centre - tolerance, centre + tolerance
    if at_least is None and at_most is None:
        raise ValueError(f"record({name!r}): give a band: at_least=, at_most= or near=")
    entry = Record(name, float(value), at_least, at_most)
    _show(entry)
    return entry.value


def _show(entry: Record) -> None:
    from IPython.core.getipython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        print(entry)
        return
    data = {**asdict(entry), "value": entry.value if entry.value == entry.value else None}
    display({"text/plain": str(entry), MIME: data}, raw=True)
