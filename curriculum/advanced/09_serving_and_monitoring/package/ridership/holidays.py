"""Name the days on which Chicago does not ride as usual."""

from datetime import date, timedelta

DAY = timedelta(days=1)
FIXED = {(1, 1): "new year", (7, 4): "independence", (12, 25): "christmas"}
FIXED |= {(11, 11): "veterans", (12, 24): "eve", (12, 31): "last of the year"}
BETWEEN = {(12, 22), (12, 23), (12, 26), (12, 27), (12, 28), (12, 29), (12, 30), (1, 2)}
MONDAYS = {(1, 3): "king", (2, 3): "presidents", (9, 1): "labor", (10, 2): "columbus"}
KINDS = ["ordinary", *FIXED.values(), *MONDAYS.values()]
KINDS += ["memorial", "thanksgiving", "day after", "observed", "between"]


def _floating(day: date) -> str:
    """Name the holiday that a day's place in its month makes it, or return ""."""
    if day.weekday() == 0 and (day.month, (day.day + 6) // 7) in MONDAYS:
        return MONDAYS[day.month, (day.day + 6) // 7]
    if day.weekday() == 0 and day.month == 5 and day.day > 24:
        return "memorial"
    if day.month == 11 and day.weekday() == 3 and 22 <= day.day <= 28:
        return "thanksgiving"
    return "day after" if day.month == 11 and day.weekday() == 4 and 23 <= day.day <= 29 else ""


def kind_of(day: date) -> str:
    """Return a day's kind, one of KINDS: "ordinary", or the holiday that it is."""
    named = FIXED.get((day.month, day.day)) or _floating(day)
    if named:
        return named
    moved = {0: day - DAY, 4: day + DAY}.get(day.weekday(), day)  # from a Sunday, a Saturday
    if FIXED.get((moved.month, moved.day)) in ("new year", "independence", "christmas"):
        return "observed"
    return "between" if (day.month, day.day) in BETWEEN else "ordinary"
