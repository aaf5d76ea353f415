"""Define exercises once for the check cell, the grader, the diagnosis and the certificate."""

from lepton_course.exercises.case import Case
from lepton_course.exercises.compare import accuracy, close, exact
from lepton_course.exercises.model import Exercise, HeldOut, Misconception
from lepton_course.exercises.probes import (
    Call,
    Gradient,
    Model,
    Probe,
    Ranks,
    Service,
    Value,
    random_weights,
)

__all__ = [
    "Call",
    "Case",
    "Exercise",
    "Gradient",
    "HeldOut",
    "Misconception",
    "Model",
    "Probe",
    "Ranks",
    "Service",
    "Value",
    "accuracy",
    "close",
    "exact",
    "random_weights",
]
