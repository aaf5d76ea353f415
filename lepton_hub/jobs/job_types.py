"""Types of a job: its request, limits, priority and state."""

from __future__ import annotations

import keyword
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, FiniteFloat

from lepton_hub.catalogue.cards import FilePath, Text, Told, VersionReference
from lepton_hub.catalogue.names import ITEM, SPACE
from lepton_hub.identity.person import TEAM

LARGEST_INTEGER = 2**63 - 1


class JobState(StrEnum):
    """A job's state. It ends once, in one of the last four."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # the program failed, or something it needs is gone
    CANCELLED = "cancelled"
    GAVE_UP = "gave up"  # too many attempts were lost


ENDED = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.GAVE_UP)


class JobPriority(StrEnum):
    """A job's priority among its team's own jobs."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


RANKS = {JobPriority.LOW: -1, JobPriority.NORMAL: 0, JobPriority.HIGH: 1}


def _not_a_keyword(name: str) -> str:
    if keyword.iskeyword(name):
        raise ValueError(f"{name} means something else in Python")
    return name


ParameterName = Annotated[
    str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$"), AfterValidator(_not_a_keyword)
]
Whole = Annotated[int, Field(ge=-LARGEST_INTEGER, le=LARGEST_INTEGER)]
Scalar = bool | Whole | FiniteFloat | Annotated[Text, Field(max_length=4000)] | None
ParameterValue = Scalar | Annotated[list[Scalar], Field(max_length=1000)]


class AskedLimits(Told):
    """A job's limits. memory: in bytes; seconds: wall-clock time."""

    processors: Annotated[int, Field(ge=1, le=4096)] = 1
    memory: Annotated[int, Field(ge=64 * 2**20, le=2**50)] | None = None
    seconds: Annotated[int, Field(ge=1, le=30 * 86_400)] | None = None


class NewJob(Told):
    """A job request: run a notebook or a Python file of a version."""

    program: Annotated[VersionReference, Field(description="Such as engines/forecast@2.")]
    path: Annotated[
        FilePath | None,
        Field(
            description=(
                "The file to run; optional if the version has just one .ipynb or .py file."
            )
        ),
    ] = None
    inputs: Annotated[
        list[VersionReference], Field(max_length=20, description="The versions it reads.")
    ] = []
    parameters: Annotated[dict[ParameterName, ParameterValue], Field(max_length=100)] = {}
    limits: AskedLimits = AskedLimits()
    priority: JobPriority = JobPriority.NORMAL
    team: Annotated[
        str | None,
        Field(
            pattern=f"^{TEAM}$",
            description=("The team whose share it uses, if you belong to several."),
        ),
    ] = None
    result: Annotated[
        str,
        Field(
            pattern=f"^{SPACE}/{ITEM}$",
            description="The item that receives its results as a new version.",
        ),
    ]


StateFilter = Literal["queued", "running", "succeeded", "failed", "cancelled", "gave up"]
