"""Declare exercises and predictions: everything that a module's file of exercises imports."""

from lepton_course.authoring.builder import exercise
from lepton_course.authoring.predictions import prediction
from lepton_course.exercises import (
    Call,
    Case,
    Gradient,
    Model,
    Probe,
    Ranks,
    Service,
    Value,
    accuracy,
    close,
    exact,
    random_weights,
)

__all__ = [
    "Call",
    "Case",
    "Gradient",
    "Model",
    "Probe",
    "Ranks",
    "Service",
    "Value",
    "accuracy",
    "close",
    "exact",
    "exercise",
    "prediction",
    "random_weights",
]
