"""Certificates as tables for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from autograder.proof.exercises.certificate import Certificate
from autograder.proof.exercises.diagnosis_counts import DiagnosisCounts

HEADINGS = (
    "Points",
    "Right",
    "Wrong",
    "Mutants",
    "Narrower",
    "Argued",
    "Told",
    "Look-up",
    "Check",
)


def to_json(certificates: Sequence[Certificate]) -> dict[str, Any]:
    """Return the certificates as a JSON tree; `seconds` is the processor time of one check."""
    return {
        "exercises": [_entry(certificate) for certificate in certificates],
        "reasons": asdict(_reasons(certificates)),
        "passed": all(certificate.passed for certificate in certificates),
    }


def _entry(c: Certificate) -> dict[str, Any]:
    return {
        "module": c.module,
        "name": c.name,
        "points": c.points,
        "reference": c.reference,
        "blank": c.blank,
        "alternatives": {"total": c.alternatives, "accepted": c.accepted},
        "misconceptions": {
            "total": c.misconceptions,
            "caught": c.caught,
            "diagnosed": c.diagnosed,
        },
        "mutants": asdict(c.mutants),
        "specialised": asdict(c.specialised),
        "reasons": asdict(c.reasons),
        "look_up": asdict(c.look_up) if c.look_up else None,
        "seeds": c.seeds,
        "seconds": c.seconds,
        "passed": c.passed,
        "problems": list(c.problems),
    }


def certificate_tables(certificates: Sequence[Certificate]) -> list[Table]:
    """Return a table for each module, with one row for each exercise."""
    modules = sorted({certificate.module for certificate in certificates})
    return [_table(module, [c for c in certificates if c.module == module]) for module in modules]


def _table(module: str, certificates: Sequence[Certificate]) -> Table:
    table = Table(
        title=module,
        title_justify="left",
        caption=reasons_in_words(certificates),
        caption_justify="left",
        box=None,
        padding=(0, 2, 0, 0),
    )
    table.add_column("Exercise", no_wrap=True)
    for heading in HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for c in certificates:
        table.add_row(
            c.name,
            f"{c.points:g}",
            f"{c.reference + c.accepted}/{1 + c.alternatives}",
            f"{c.diagnosed}/{c.misconceptions}",
            f"{c.mutants.killed}/{c.mutants.total}",
            f"{c.specialised.killed}/{c.specialised.total}",
            str(c.mutants.argued + c.specialised.argued or ""),
            str(c.reasons),
            str(c.look_up or ""),
            f"{c.seconds:.2f} s",
            "[green]passed[/green]" if c.passed else "[red]failed[/red]",
        )
    return table


def _reasons(certificates: Sequence[Certificate]) -> DiagnosisCounts:
    return sum((certificate.reasons for certificate in certificates), DiagnosisCounts())


def reasons_in_words(certificates: Sequence[Certificate]) -> str:
    """Return a sentence that counts wrong answers diagnosed rightly, wrongly or not at all."""
    told = _reasons(certificates)
    return (
        f"Other wrong answers: {told.rightly} told rightly, {told.wrongly} told wrongly, "
        f"{told.silent} told no reason."
    )
