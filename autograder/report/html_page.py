"""The report as one self-contained HTML page, and as CSV tables."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import jinja2
from markupsafe import Markup

from autograder.classroom.spreadsheet_cells import safe_cell
from autograder.report.figures import gain_figure, item_figure, score_figure
from autograder.report.measures import FEWEST_FOR_INTERVAL, Estimate
from autograder.report.progress_files import MANY_TRIES
from autograder.report.summary import Summary
from autograder.report.survey_sums import ClassNeeds
from lepton_course.checks.panel import read_in_words
from lepton_course.survey.asked import FEWEST_PEOPLE


def write_report(
    course: str,
    summaries: Sequence[Summary],
    folder: Path,
    day: date,
    needs: ClassNeeds | None = None,
) -> list[Path]:
    """Write report.html and four CSV tables into a folder; return their paths, the page first.

    needs: what the class knew before the course and needs, or None for a report without survey.
    """
    folder.mkdir(exist_ok=True)
    page = folder / "report.html"
    page.write_text(to_html(course, summaries, day, needs), encoding="utf-8")
    tables = {
        "learners.csv": _learner_rows(summaries),
        "exercises.csv": _exercise_rows(summaries),
        "misconceptions.csv": _misconception_rows(summaries),
        "survey.csv": _survey_rows(summaries, needs),
    }
    for name, rows in tables.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([map(safe_cell, row) for row in rows])
    return [page, *(folder / name for name in tables)]


def to_html(
    course: str, summaries: Sequence[Summary], day: date, needs: ClassNeeds | None = None
) -> str:
    """Return the page's HTML. Everything that learners and rosters say is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        undefined=jinja2.ChainableUndefined,
    )
    environment.filters |= {
        "percent": _percent,
        "median_percent": lambda shares: _percent(median(shares)) if shares else "–",
        "estimate": _estimate,
        "duration": _duration,
        "words": lambda name: name.replace("_", " ").capitalize(),
        "place": read_in_words,
    }
    return environment.get_template("report.html.jinja").render(
        course=course,
        date=day.isoformat(),
        summaries=summaries,
        figures={summary.data.name: _figures(summary) for summary in summaries},
        titles={s.data.name: {item.name: item.title for item in s.data.items} for s in summaries},
        fewest=FEWEST_FOR_INTERVAL,
        needs=needs,
        fewest_people=FEWEST_PEOPLE,
        many=MANY_TRIES,
    )


def _figures(summary: Summary) -> dict[str, Markup]:
    return {
        "scores": score_figure(summary.teams),
        "exercises": item_figure(summary.items),
        "gains": gain_figure(summary.gains) if summary.gains else Markup(),
    }


def _learner_rows(summaries: Iterable[Summary]) -> Iterable[Sequence[Any]]:
    yield (
        *("id", "first_name", "last_name", "team", "assignment", "status", "score", "max_score"),
        *("late_submission_penalty", "attempts", "opening_quiz_percent", "misconceptions"),
    )
    for data in (summary.data for summary in summaries):
        for learner in data.learners:
            student = learner.student
            found = [f"{name}: {diagnosis}" for name, diagnosis in learner.diagnoses.items()]
            opening = "" if learner.opening is None else round(100 * learner.opening, 1)
            yield (
                *(student.id, student.first_name, student.last_name, student.team),
                *(data.name, learner.status, round(learner.score, 4), data.max_score),
                *(learner.penalty, learner.attempts, opening, "; ".join(found)),
            )


def _exercise_rows(summaries: Iterable[Summary]) -> Iterable[Sequence[Any]]:
    yield (
        *("assignment", "exercise", "title", "max_points", "learners", "facility"),
        *("discrimination", "discrimination_low", "discrimination_high"),
        *("full_marks", "no_points"),
    )
    for summary in summaries:
        for found in summary.items:
            r = found.discrimination
            yield (
                *(summary.data.name, found.item.name, found.item.title, found.item.max_points),
                *(found.n, found.facility, r.value, r.low, r.high),
                *(found.full_marks, found.no_points),
            )


def _misconception_rows(summaries: Iterable[Summary]) -> Iterable[Sequence[Any]]:
    yield (
        "assignment",
        "exercise",
        "misconception",
        "sentence",
        "read",
        "learners",
        "who",
        "possibly",
    )
    for summary in summaries:
        for held in summary.held:
            mistake = held.mistake
            who = " ".join(learner.student.id for learner in held.learners)
            possibly = " ".join(learner.student.id for learner in held.possibly)
            yield (
                *(summary.data.name, mistake.exercise, mistake.name, mistake.sentence),
                *(mistake.read, len(held.learners), who, possibly),
            )


def _survey_rows(summaries: Iterable[Summary], needs: ClassNeeds | None) -> Iterable[Sequence[Any]]:
    yield (
        *("asked", "module", "team", "people", "known", "wanted", "need"),
        *("useful", "too_slow", "pace_right", "too_fast"),
    )
    for module in needs.modules if needs else ():
        for group in needs.groups:
            if found := needs.needs.get((module.id, group)):
                shares = (round(share, 3) for share in (found.known, found.wanted, found.need))
                yield "before", module.id, group, found.people, *shares, *[""] * 4
    for summary in summaries:
        for group, said in summary.receptions.items():
            yield (
                *("after", summary.data.module, group, said.people, "", "", ""),
                *(round(said.useful, 2), said.slow, said.right, said.fast),
            )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def _estimate(estimate: Estimate) -> str:
    if estimate.value is None:
        return "–"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.2f} (no interval)"
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})".replace("-", "−")


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    if seconds < 1:
        return "at once"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.0f} days"
