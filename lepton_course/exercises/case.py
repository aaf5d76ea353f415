"""A case: one question put to an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lepton_course.exercises.values import Plain


@dataclass(frozen=True)
class Case:
    """One question put to an answer.

    part: the property that the case looks at, in words that a learner understands ("stride 2").
        The exercise's points are shared equally among its parts; a part is earned when all of
        its cases pass.
    args, kwargs: what the answer is called with.
    expected: the right result, where the reference's own result is not the measure (hidden
        labels). None: the reference's result.
    weights, x: for the `Model` probe: arrays for the parameters, in `parameters()` order, then
        for the floating-point buffers; and the input.
    """

    part: str
    args: tuple[Plain, ...] = ()
    kwargs: Mapping[str, Plain] = field(default_factory=dict)
    expected: Plain = None
    weights: Sequence[np.ndarray] | None = None
    x: Plain = None
