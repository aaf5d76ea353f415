"""A module's plan, `module.yml`: its subjects, terms, claims, title, time and prerequisites."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import yaml

from lepton_course.checks.quiz_questions import QuizQuestion
from lepton_course.survey.placement import KEY as PLACEMENT
from lepton_course.survey.placement import placement_from, placement_problems
from lepton_course.syllabus import (
    PLAN,
    Module,
    SyllabusError,
    listing_problems,
    module_from,
    read_yaml,
)

TERMS = range(10, 21)
SYLLABUSES = 2

LISTING = ("title", "about", "minutes", "prerequisites")
"""Keys that learners' pages need; the rest is for authors."""

_KEYS = (*LISTING, "must_teach", "terms", "claims", PLACEMENT, "unmet")
_CHECK = re.compile(r"""\bcheck\(["'](\w+)["']""")


@dataclass(frozen=True)
class Claim:
    """A sentence "A is better than B" or "A because of B", with what would refute it."""

    claim: str
    against: str


@dataclass(frozen=True)
class ModulePlan:
    """The content of `module.yml`.

    syllabuses: public courses that the subjects were compared with. placement: questions before
    the course that show who may skip the module. unmet: names of structure checks that the module
    does not meet yet.
    """

    module: Module
    subjects: tuple[str, ...]
    syllabuses: tuple[str, ...]
    terms: tuple[str, ...]
    claims: tuple[Claim, ...]
    placement: tuple[QuizQuestion, ...] = ()
    unmet: tuple[str, ...] = ()


def load_plan(folder: Path) -> ModulePlan:
    """Return the plan of a module's folder. Raises SyllabusError, listing what is wrong in it."""
    path = folder / PLAN
    if not path.is_file():
        raise SyllabusError(f"{path} is missing. `lepton new module` shows its form.")
    tree = read_yaml(path)
    problems = [f"{path}, {key}: {mend}" for key, mend in plan_problems(tree)]
    if problems:
        raise SyllabusError("\n".join(problems))
    return ModulePlan(
        module=module_from(f"{folder.parent.name}/{folder.name}", tree, path),
        subjects=tuple(tree["must_teach"]["subjects"]),
        syllabuses=tuple(tree["must_teach"]["syllabuses"]),
        terms=tuple(tree["terms"]),
        claims=tuple(Claim(**claim) for claim in tree["claims"]),
        placement=placement_from(tree.get(PLACEMENT)),
        unmet=tuple(tree.get("unmet", ())),
    )


def is_unmet(folder: Path, check: str) -> bool:
    """Return whether a module's plan lists a structure check as not yet met."""
    path = folder / PLAN
    tree = read_yaml(path) if path.is_file() else None
    return isinstance(tree, Mapping) and check in (tree.get("unmet") or ())


def plan_problems(tree: Any) -> Iterator[tuple[str, str]]:
    """Yield each unusable key of a plan with what to write instead."""
    if not isinstance(tree, Mapping):
        yield "the file", f"write keys with values: {', '.join(_KEYS)}"
        return
    for key in tree.keys() - set(_KEYS):
        yield str(key), f"is not a key of a plan; those are {', '.join(_KEYS)}"
    yield from listing_problems(tree)
    if isinstance(tree.get("minutes"), list):
        yield "minutes", "write {lesson: 60, deeper: 0, assignment: 90}, not a list"
    teach = tree.get("must_teach")
    if not isinstance(teach, Mapping):
        yield "must_teach", "write `subjects:` and `syllabuses:` below it, each a list of lines"
    else:
        if not _is_texts(teach.get("subjects")):
            yield "must_teach, subjects", "write a list of what the module must teach, a line each"
        if not _is_texts(teach.get("syllabuses")) or len(teach["syllabuses"]) < SYLLABUSES:
            yield "must_teach, syllabuses", f"name {SYLLABUSES} public courses of the subject"
    terms = tree.get("terms")
    if not _is_texts(terms) or len(terms) not in TERMS or len(set(terms)) < len(terms):
        yield "terms", f"write a list of {TERMS[0]} to {TERMS[-1]} different terms of the field"
    claims = tree.get("claims")
    if not isinstance(claims, list) or not claims or not all(map(_is_claim, claims)):
        yield "claims", "write a list of `- claim: …` and `against: …`, its baseline or control"
    if PLACEMENT in tree:
        for mend in placement_problems(tree[PLACEMENT]):
            yield PLACEMENT, mend
    if "unmet" in tree and not _is_texts(tree["unmet"]):
        yield "unmet", "write a list of names of checks, or leave the key out"


def student_plan(folder: Path) -> str:
    """Return the part of a module's plan that learners' pages need, as YAML.

    Raises SyllabusError.
    """
    tree = read_yaml(folder / PLAN)
    for key, mend in listing_problems(tree):
        raise SyllabusError(f"{folder / PLAN}, {key}: {mend}")
    return yaml.safe_dump({key: tree[key] for key in LISTING}, allow_unicode=True, sort_keys=False)


def optional_exercises(folder: Path) -> set[str]:
    """Return the names of exercises that only the optional notebook `deeper.ipynb` checks."""
    asked = {path.stem: _checked(path) for path in folder.glob("*.ipynb")}
    optional = asked.pop("deeper", set())
    return optional - set().union(*asked.values())


def _checked(path: Path) -> set[str]:
    cells = nbformat.read(path, as_version=4).cells
    return {name for cell in cells for name in _CHECK.findall(cell.source)}


def _is_texts(value: Any) -> bool:
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(text, str) and text.strip() for text in value)


def _is_claim(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and set(value) == {"claim", "against"}
        and all(isinstance(text, str) and text.strip() for text in value.values())
    )
