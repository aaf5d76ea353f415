"""Describe as data how an answer differs from what was expected.

`lepton_course.checks.messages` turns these differences into sentences.
A difference is found inside one *aspect* of an observation ("result", "gradients", …), at the
path `where` of indices and keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from lepton_course.exercises.probes import Raised
from lepton_course.exercises.values import Opaque, Plain, is_tensor

Step = int | str
"""An index into a list or tuple, or a key of a dict."""

Scalar = bool | int | float | str | None


@dataclass(frozen=True)
class Kind:
    """The kind of a value: a plain type's name, or `opaque` and a type's name."""

    name: str
    opaque: bool = False


def kind_of(value: Plain) -> Kind:
    """Return the kind of a plain value; all torch tensors are "Tensor"."""
    if isinstance(value, Opaque):
        return Kind(value.kind, opaque=True)
    return Kind("Tensor" if is_tensor(value) else type(value).__name__)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Base of all differences: the aspect that differs, and the place inside it."""

    aspect: str = "result"
    where: tuple[Step, ...] = ()

    def inside(self, step: Step) -> Difference:
        """Return the same difference as seen from the list, tuple or dict around it."""
        return replace(self, where=(step, *self.where))

    def of(self, aspect: str) -> Difference:
        """Return the same difference in another aspect of the observation."""
        return replace(self, aspect=aspect)


@dataclass(frozen=True)
class WrongKind(Difference):
    """A value of another kind; `value` is what was seen, when it is a scalar."""

    expected: Kind
    seen: Kind
    value: Scalar = None


@dataclass(frozen=True)
class WrongLength(Difference):
    """A list or tuple with too few or too many items."""

    expected: Plain = field(compare=False)
    seen: Plain = field(compare=False)


@dataclass(frozen=True)
class WrongKeys(Difference):
    """A dict with other keys; both in alphabetical order."""

    expected: tuple[str, ...]
    seen: tuple[str, ...]


@dataclass(frozen=True)
class WrongShape(Difference):
    """An array or tensor of another shape."""

    expected: tuple[int, ...]
    seen: tuple[int, ...]


@dataclass(frozen=True)
class WrongDtype(Difference):
    """An array or tensor of another kind of dtype; texts of any length are "text"."""

    expected: str
    seen: str


@dataclass(frozen=True)
class WrongValue(Difference):
    """A wrong scalar, also inside an array without axes."""

    expected: Scalar
    seen: Scalar


@dataclass(frozen=True)
class WrongItems(Difference):
    """Wrong scalars in a list or tuple of scalars of one type; `mask` is true where they differ."""

    expected: list[Scalar] | tuple[Scalar, ...]
    seen: list[Scalar] | tuple[Scalar, ...]
    mask: tuple[bool, ...]


@dataclass(frozen=True)
class WrongElements(Difference):
    """Wrong elements of an array or tensor of the right shape.

    mask: True where they differ, in the array's shape.
    index: of the first one; `expected` and `seen` are the values there.
    nearly: all elements are right to within one percent.
    """

    index: tuple[int, ...]
    expected: Scalar
    seen: Scalar
    nearly: bool
    mask: np.ndarray = field(compare=False, repr=False)

    @property
    def count(self) -> int:
        """Number of elements that differ."""
        return int(self.mask.sum())


@dataclass(frozen=True)
class Confusion:
    """How often one label was predicted where another is right.

    count: how often; of: how many labels of this kind there are.
    """

    right: Scalar
    predicted: Scalar
    count: int
    of: int


@dataclass(frozen=True)
class TooFewRight(Difference):
    """The fraction of labels that are right, and the fraction required; both 0 to 1.

    confusion: the most frequent one; None where the wrong labels have nothing in common.
    """

    share: float
    at_least: float
    confusion: Confusion | None = None


@dataclass(frozen=True)
class Stopped(Difference):
    """The answer raised an exception."""

    raised: Raised


@dataclass(frozen=True)
class NotSeen(Difference):
    """The observation lacks this aspect."""


@dataclass(frozen=True)
class NoGradient(Difference):
    """The result is cut off from its inputs, so that no gradient flows back."""


@dataclass(frozen=True)
class NotAModel(Difference):
    """Something other than a torch.nn.Module was built."""

    seen: Kind


@dataclass(frozen=True)
class WrongRandomness(Difference):
    """Passes through a network in train mode differ though they must not, or the other way."""

    is_random: bool


@dataclass(frozen=True)
class ChangedInput(Difference):
    """The call changed its own arguments; `names` lists those that are known."""

    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Aliased(Difference):
    """The result is, or shares memory with, arguments of the call; `names` lists those known."""

    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class WrongPrediction(Difference):
    """A wrong prediction, described without giving the right value away.

    letter: the question asks for the letter of a choice.
    lower: the letter is right except for its case.
    differences: between `value` and the right value.
    """

    value: Plain = field(compare=False)
    letter: bool
    lower: bool
    differences: tuple[Difference, ...]
