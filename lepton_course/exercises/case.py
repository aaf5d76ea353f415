"""Define a case: one question put to an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lepton_course.exercises.values import Plain


@dataclass(frozen=True)
class Case:
    """One question put to an answer.

    part: the property that the case tests, in words that a learner understands ("stride 2").
        The exercise's points are shared equally among its parts; a part is earned when all of
        its cases pass.
    args, kwargs: the arguments of the call.
    expected: the right result where it is not the reference's own (hidden labels); None otherwise.
    weights, x: for the `Model` probe: arrays for the parameters, layer by layer in the order of
        their use, then for the floating-point buffers; and the input. For the `Service` probe, x
        is the list of requests.
    """

    part: str
    args: tuple[Plain, ...] = ()
    kwargs: Mapping[str, Plain] = field(default_factory=dict)
    expected: Plain = None
    weights: Sequence[np.ndarray] | None = None
    x: Plain = None
