"""The subjects of the survey: the course's modules with their placement questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from lepton_course.checks.quiz_questions import QuizQuestion
from lepton_course.survey.asked import (
    KNOWN,
    PACE,
    RIGHT,
    UNCLEAR,
    UNSURE,
    USEFUL,
    WANTED,
    WRONG,
    is_placement,
    placement_name,
)
from lepton_course.survey.needs_assessment import SurveyedModule
from lepton_course.survey.placement import load_placement
from lepton_course.syllabus import PACKAGED, Module, SyllabusError, is_ready, load_syllabus

_CLONE = PACKAGED.parents[1] / "curriculum"
_SCALES = {scale.name: scale for scale in (KNOWN, WANTED, USEFUL, PACE)}


@dataclass(frozen=True)
class SurveySubject:
    """An existing module of the course. questions: its placement questions."""

    module: Module
    questions: tuple[QuizQuestion, ...]

    @property
    def id(self) -> str:
        """The module's id, such as basics/02_data_pipelines."""
        return self.module.id

    @property
    def folder(self) -> str:
        """The module's folder without its track, the prefix of its sections' names."""
        return self.module.id.rpartition("/")[2]

    @property
    def surveyed(self) -> SurveyedModule:
        """The module as the sums need it."""
        one = self.module
        return SurveyedModule(one.id, one.title, len(self.questions), one.prerequisites)

    def takes(self, question: str, answer: str) -> bool:
        """Return whether the module has such a question, and the question such an answer."""
        if question == UNCLEAR:
            return bool(answer.strip())
        if is_placement(question):
            asked = [placement_name(one.number) for one in self.questions]
            return question in asked and answer in (RIGHT, WRONG, UNSURE)
        return question in _SCALES and answer in _SCALES[question].values


def survey_subjects(curriculum: Path | None = None) -> Mapping[str, SurveySubject]:
    """Return the modules of the course that exist, by id, in teaching order.

    curriculum: by default the installed one, or the clone's. Empty if there is none.
    """
    for folder in (curriculum,) if curriculum else (PACKAGED, _CLONE):
        syllabus = folder / "syllabus.yml"
        if syllabus.is_file():
            return _read(folder, syllabus.stat().st_mtime_ns)
    return {}


@lru_cache(maxsize=4)
def _read(folder: Path, _changed: int) -> dict[str, SurveySubject]:
    try:
        modules = load_syllabus(folder)
    except SyllabusError:
        return {}
    return {
        module.id: SurveySubject(module, load_placement(folder / module.id))
        for module in modules
        if is_ready(module, folder)
    }
