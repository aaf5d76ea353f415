"""Record measured numbers together with the band in which a notebook's text stays true."""

from __future__ import annotations

from dataclasses import asdict, dataclass

MIME = "application/vnd.lepton.record+json"
"""The output type that holds a record in an executed notebook."""


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
        """Return the value beside its band, in words."""
        if self.low is None:
            band = f"at most {_digits(self.high)}"
        elif self.high is None:
            band = f"at least {_digits(self.low)}"
        elif self.low == self.high == self.value:
            return f"{self.name}: {_digits(self.value)} (as expected)"
        elif self.low == self.high:
            band = _digits(self.low)
        else:
            band = f"{_digits(self.low)} to {_digits(self.high)}"
        return f"{self.name}: {_digits(self.value)} (expected: {band})"

    def __str__(self) -> str:
        note = "" if self.holds else "  <- outside: this run differs from what the text says"
        return self.against_band() + note


def _digits(value: float) -> str:
    """Format a number to four digits, or to all digits before the point below ten million."""
    return f"{value:.0f}" if 1e4 <= abs(value) < 1e7 else f"{value:.4g}"


def record(
    name: str,
    value: float,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    near: tuple[float, float] | None = None,
) -> float:
    """Print a measured number beside the band the text relies on, and return the number.

    >>> accuracy = record("test accuracy", 0.91, at_least=0.88)
    test accuracy: 0.91 (expected: at least 0.88)
    >>> layers = record("layers", 4, near=(4, 0))
    layers: 4 (as expected)

    name: what was measured, with its unit.
    value: the number; stored as a float.
    at_least, at_most: ends of the band; give one or both.
    near: (centre, tolerance), in place of the two ends.

    A value outside its band does not stop the notebook: the printed line says so. The record also
    goes into the cell's output as JSON, and there CI fails where the band is missed.
    Raises ValueError without a band, or with both `near` and an end.
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
