"""Put all cases of a question to an answer, in the learner's kernel."""

from __future__ import annotations

import time
from typing import Any

from lepton_course.checks.kernel.time_limit import (
    NOT_RUN,
    UNFINISHED,
    Interrupted,
    OutOfTime,
    own_line,
    run_limited,
)
from lepton_course.exercises.model import Question
from lepton_course.exercises.probes import Observation, Raised


def observe_answer(question: Question, answer: Any, seconds: float = 0) -> tuple[Observation, ...]:
    """Return one observation per case.

    seconds: limit for all cases together; 0 for none. The case that runs into it is observed as
    `UNFINISHED`, with the line where it was, and those after it as `NOT_RUN`.
    Raises Interrupted when the learner interrupts the kernel.
    """
    started = time.monotonic()
    seen: list[Observation] = []
    for case in question.cases:
        left = max(seconds - (time.monotonic() - started), 0.001) if seconds else 0
        try:
            observed = run_limited(lambda case=case: question.probe.observe(answer, case), left)
        except OutOfTime as error:
            observed = Observation(raised=Raised(UNFINISHED, line=own_line(error.__traceback__)))
        except KeyboardInterrupt as error:
            line = own_line(error.__traceback__)
            place = f", at the line `{line}`" if line else ""
            raise Interrupted(
                f"You interrupted the check of {question.name} in the case “{case.part}”{place}. "
                "Nothing was recorded."
            ) from None
        raised = observed.raised
        if raised and raised.kind == UNFINISHED:
            raised = Raised(UNFINISHED, f"{seconds:g}", raised.line)
            seen.append(Observation(raised=raised))
            break
        seen.append(observed)
    rest = len(question.cases) - len(seen)
    return (*seen, *[Observation(raised=Raised(NOT_RUN))] * rest)
