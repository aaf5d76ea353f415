"""Checks of a module's plan: its agreement with syllabus and folder, and its postponed checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from autograder.curriculum.module_plan import LISTING, ModulePlan
from autograder.curriculum.modules import module_id
from autograder.proof.lint.notebook_form import CHECKS, Complaint
from lepton_course.syllabus import read_yaml

PLAN_FILE = "module.yml"


def place_complaints(folder: Path, plan: ModulePlan) -> Iterator[Complaint]:
    """Yield disagreements of a plan with the syllabus or with the module's notebooks."""
    has_deeper = (folder / "deeper.ipynb").is_file()
    if has_deeper != bool(plan.module.deeper_minutes):
        found = "is there" if has_deeper else "is not there"
        yield Complaint(
            PLAN_FILE,
            f"gives {plan.module.deeper_minutes} minutes to deeper.ipynb, which {found}",
            "minutes, deeper: how long it takes; 0 without the notebook.",
        )
    syllabus = folder.parents[1] / "syllabus.yml"
    entries = read_yaml(syllabus) if syllabus.is_file() else []
    ids = [entry["id"] for entry in entries]
    own = module_id(folder)
    if own not in ids:
        yield Complaint(
            "syllabus.yml", f"does not list {own}", f"Add `- id: {own}` at its place in the order."
        )
        return
    double = [key for key in LISTING if key in entries[ids.index(own)]]
    if double:
        yield Complaint(
            f"syllabus.yml, {own}",
            f"repeats {', '.join(double)}, which {PLAN_FILE} has",
            "Leave the id alone there.",
        )
    for needed in plan.module.prerequisites:
        if needed not in ids[: ids.index(own)]:
            yield Complaint(
                f"{PLAN_FILE}, prerequisites",
                f"name {needed!r}, which does not come before it in syllabus.yml",
                "Name ids of earlier modules.",
            )


def unless_unmet(complaints: Iterable[Complaint], plan: ModulePlan) -> list[Complaint]:
    """Return the complaints that the plan does not postpone, and one for each entry already met."""
    complaints = list(complaints)
    found = [c for c in complaints if not c.check or c.check not in plan.unmet]
    names = {complaint.check for complaint in complaints}
    for check in plan.unmet:
        if check not in CHECKS:
            known = ", ".join(CHECKS)
            found.append(
                Complaint(f"{PLAN_FILE}, unmet", f"names no check: {check!r}", f"Known: {known}.")
            )
        elif check not in names:
            found.append(
                Complaint(
                    f"{PLAN_FILE}, unmet",
                    f"lists {check!r}, which is met ({CHECKS[check]})",
                    "Remove the entry.",
                )
            )
    return found
