"""Record the learner's progress in one SQLite file: attempts, hints, quiz answers and visits."""

from lepton_course.progress.database import (
    DATABASE,
    HIDDEN,
    consecutive_failures,
    find_workspace,
    hint_stage,
    load_history,
    record_answer,
    record_attempt,
    record_hint,
    record_survey,
    record_visit,
    was_solved,
)
from lepton_course.progress.schema import Answer, Attempt, ProgressHistory, SurveyAnswer, Visit

__all__ = [
    "DATABASE",
    "HIDDEN",
    "Answer",
    "Attempt",
    "ProgressHistory",
    "SurveyAnswer",
    "Visit",
    "consecutive_failures",
    "find_workspace",
    "hint_stage",
    "load_history",
    "record_answer",
    "record_attempt",
    "record_hint",
    "record_survey",
    "record_visit",
    "was_solved",
]
