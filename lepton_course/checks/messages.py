"""Turn verdicts into words: the one place where differences and diagnoses become sentences."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from lepton_course.checks.kernel.time_limit import NOT_RUN, UNFINISHED
from lepton_course.checks.plain_words import in_plain_words
from lepton_course.exercises.compare import Differences
from lepton_course.exercises.diagnosis import Diagnosis
from lepton_course.exercises.differences import (
    Aliased,
    ChangedInput,
    Difference,
    Kind,
    NoGradient,
    NotAModel,
    NotSeen,
    Step,
    Stopped,
    TooFewRight,
    WrongDtype,
    WrongElements,
    WrongItems,
    WrongKeys,
    WrongKind,
    WrongLength,
    WrongPrediction,
    WrongRandomness,
    WrongShape,
    WrongValue,
    kind_of,
)
from lepton_course.exercises.model import Question
from lepton_course.exercises.probes import ELLIPSIS, Raised
from lepton_course.exercises.values import Opaque, Plain, is_tensor

MAX_DIFFERENCES = 3
"""Number of differences of a case that are put into words."""

HUGE = 10**40

MAX_ITEMS = 12
"""Lists with more items are shown by their length."""

_KINDS = {
    "ndarray": "a NumPy array",
    "Tensor": "a torch tensor",
    "NoneType": "None",
    "bool": "a bool",
    "int": "a whole number",
    "float": "a float",
    "str": "a string",
    "list": "a list",
    "tuple": "a tuple",
    "dict": "a dict",
}

_ASPECTS = {
    "result": "",
    "output": "",
    "parameters": "the shapes of the network's parameters",
    "arguments": "the inputs after the call",
}


def differences_in_words(question: Question, differences: Differences) -> str:
    """Describe the first `MAX_DIFFERENCES` differences of a case in one line; count the rest."""
    told = [_with_place(question, difference) for difference in differences[:MAX_DIFFERENCES]]
    more = len(differences) - len(told)
    return "; ".join(told) + (f"; and {more} more" if more > 0 else "")


def diagnoses_in_words(
    question: Question, diagnoses: Sequence[Diagnosis], case: int | None
) -> list[tuple[str, str]]:
    """Return, for each diagnosed mistake, a label that says how sure it is and the sentence.

    case: the failing case that the reader is looking at, or None.
    """
    return [_diagnosis(question, found, case) for found in diagnoses]


def _diagnosis(question: Question, found: Diagnosis, case: int | None) -> tuple[str, str]:
    sentence = found.mistake.sentence
    if found.evidence == "every case":
        return "Likely reason", sentence
    if found.evidence == "weak":
        return "Possible reason", sentence
    if case in found.cases:
        return "Fits this case", sentence
    part = question.cases[found.cases[0]].part
    return "Fits another case", f"{sentence} (Seen in “{part}”.)"


def exception_in_words(raised: Raised) -> str:
    """Describe an exception in one line, with the learner's line that raised it."""
    if raised.kind == "NotImplementedError":
        return "this case is not answered yet (NotImplementedError)"
    if raised.kind == NOT_RUN:
        return "not run, because a case before it did not finish"
    place = f", at the line `{raised.line}`" if raised.line else ""
    if raised.kind == UNFINISHED:
        return f"it had not finished after {raised.message} s{place}: does a loop never end?"
    if raised.kind == ELLIPSIS:
        return f"this case is not answered yet: a `...` is left{place}"
    message = raised.message.strip().rstrip(".")
    text = f"{raised.kind}: {message}" if message else raised.kind
    meaning = in_plain_words(message)
    return f"it stopped with {text}{place}" + (f" ({meaning})" if meaning else "")


def describe(value: Plain, limit: int = 70) -> str:
    """Describe a value briefly: small ones in full, large arrays by shape and dtype."""
    if isinstance(value, Opaque):
        return kind_in_words(kind_of(value))
    if is_tensor(value):
        return "tensor " + describe(value.numpy(), limit)
    if isinstance(value, np.ndarray) and value.size > 1000:  # NumPy would leave out most of it
        return f"of shape {value.shape}, {value.dtype}"
    if isinstance(value, np.ndarray):
        text = np.array2string(value, precision=4, separator=", ", suppress_small=True)
        text = re.sub(r"(?<=\[) | (?=[,\]])", "", " ".join(text.split()))
        return text if len(text) <= limit else f"of shape {value.shape}, {value.dtype}"
    if isinstance(value, float):
        return f"{value + 0.0:.6g}"  # -0.0 is 0
    if type(value) is int and abs(value) > HUGE:  # Python refuses to write out very large ones
        digits = int(value.bit_length() * math.log10(2))
        return f"a whole number of about {digits} digits"
    if isinstance(value, (list, tuple)):
        left, right = "[]" if isinstance(value, list) else "()"
        comma = "," if right == ")" and len(value) == 1 else ""
        return left + ", ".join(describe(item, limit) for item in value) + comma + right
    return repr(value)


def kind_in_words(kind: Kind) -> str:
    """Name the kind of a value as a learner would."""
    if not kind.opaque:
        return _KINDS.get(kind.name, kind.name)
    is_phrase = " " in kind.name  # "an array of objects"; else the name of a type
    return kind.name if is_phrase else f"an object of type {kind.name}"


def place_in_words(where: Sequence[Step], returns: Sequence[str] = ()) -> str:
    """Name a path inside a result: "`d_image`", "value 1", "'w' value 0".

    returns: names of a result's values, by the first index.
    """
    words = [f"value {step}" if isinstance(step, int) else repr(step) for step in where]
    if where and isinstance(where[0], int) and where[0] < len(returns):
        words[0] = f"`{returns[where[0]]}`"
    return " ".join(words)


def _with_place(question: Question, difference: Difference) -> str:
    returns = question.returns if difference.aspect in ("result", "output") else ()
    said = _sentence(question, difference)
    aspect = _ASPECTS.get(difference.aspect, f"the {difference.aspect}")
    if isinstance(difference, NotSeen | NoGradient | NotAModel):
        aspect = ""  # these name it themselves
    if isinstance(difference, WrongItems) and not difference.where and len(returns) > 1:
        return _named_items(difference, returns)
    if isinstance(difference, WrongKind) and _is_no_return(question, difference):
        said += ": is a `return` missing? (print shows a value, but hands nothing back)"
    return ": ".join(filter(None, (aspect, place_in_words(difference.where, returns), said)))


def _sentence(question: Question, difference: Difference) -> str:
    match difference:
        case WrongKind(expected=expected, seen=seen, value=value):
            detail = "" if value is None else f" ({describe(value)})"
            return f"expected {kind_in_words(expected)}, got {kind_in_words(seen)}{detail}"
        case WrongLength(aspect="parameters", where=[_, *_], expected=expected, seen=seen):
            return f"expected {describe(expected)}, got {describe(seen)}"  # shapes
        case WrongLength(expected=expected, seen=seen):
            names = question.returns if not difference.where else ()
            wanted = ", ".join(f"`{name}`" for name in names) if names else _items(expected)
            return f"expected {len(expected)} values{wanted and f' {wanted}'}, got {len(seen)}" + (
                f": {_items(seen)}" if _items(seen) else ""
            )
        case WrongKeys(expected=expected, seen=seen):
            return f"expected the keys {list(expected)}, got {list(seen)}"
        case WrongShape(expected=expected, seen=seen):
            return f"expected shape {expected}, got shape {seen}"
        case WrongDtype(expected=expected, seen=seen):
            return f"expected dtype {expected}, got dtype {seen}"
        case WrongValue(expected=expected, seen=seen):
            return f"expected {describe(expected)}, got {describe(seen)}"
        case WrongItems():
            return _wrong_items(difference)
        case WrongElements(index=index, expected=expected, seen=seen, nearly=nearly, mask=mask):
            hint = ", all by less than 1 %: is something rounded or approximated?" if nearly else ""
            return (
                f"at {list(index)}: expected {describe(expected)}, got {describe(seen)}"
                f" ({difference.count} of {mask.size} values differ{hint})"
            )
        case TooFewRight(share=share, at_least=least, confusion=confusion):
            said = f"{share:.1%} of the labels are right; at least {least:.0%} are needed"
            if confusion is None:
                return said
            pair = f"{describe(confusion.predicted)} stands where {describe(confusion.right)} is"
            return f"{said}; most often, {pair} right ({confusion.count} of {confusion.of} times)"
        case Stopped(raised=raised):
            return exception_in_words(raised)
        case NotSeen(aspect="output"):
            return (
                "the network could not be run: the given weights do not fit its buffers, such as "
                "the running mean and variance of batch normalisation"
            )
        case NotSeen(aspect=aspect):
            return f"the {aspect} could not be seen"
        case NoGradient():
            return "no gradient flows back: the result was cut off from its inputs"
        case NotAModel(seen=seen):
            return f"expected a network, a torch.nn.Module, got {kind_in_words(seen)}"
        case WrongRandomness(is_random=True):
            return "in train mode the output is random, though nothing random is asked for"
        case WrongRandomness():
            return "in train mode the same input always gives the same output: dropout is missing"
        case ChangedInput(names=names):
            return f"the function changed its own input{_named(names)}; work on a copy"
        case Aliased(names=names):
            return (
                f"the result is not new: it shares its memory with the input{_named(names)}; "
                "make a copy"
            )
        case WrongPrediction():
            return _wrong_prediction(question, difference)
    raise TypeError(f"no words for {type(difference).__name__}")


def _named(names: Sequence[str]) -> str:
    return " " + ", ".join(f"`{name}`" for name in names) if names else ""


def _items(values: Plain) -> str:
    return describe(values) if len(values) <= MAX_ITEMS else ""


def _wrong_items(difference: WrongItems) -> str:
    if len(difference.expected) <= MAX_ITEMS:
        return f"expected {describe(difference.expected)}, got {describe(difference.seen)}"
    first = difference.mask.index(True)
    return (
        f"at [{first}]: expected {describe(difference.expected[first])}, "
        f"got {describe(difference.seen[first])} "
        f"({sum(difference.mask)} of {len(difference.mask)} values differ)"
    )


def _named_items(difference: WrongItems, returns: Sequence[str]) -> str:
    """Describe the wrong scalars of a result whose values have names, each by its name."""
    values = zip(difference.expected, difference.seen, difference.mask, strict=True)
    return "; ".join(
        f"{place_in_words((index,), returns)}: expected {describe(right)}, got {describe(value)}"
        for index, (right, value, wrong) in enumerate(values)
        if wrong
    )


def _is_no_return(question: Question, difference: WrongKind) -> bool:
    is_whole = difference.aspect == "result" and not difference.where
    return is_whole and difference.seen.name == "NoneType" and question.probe.kind != "value"


def _wrong_prediction(question: Question, found: WrongPrediction) -> str:
    """Say what is wrong with a predicted value without giving the right one away."""
    got = f"got {describe(found.value)}"
    if found.lower:
        return f"{got}; write the letter in lower case"
    if found.letter and not (isinstance(found.value, str) and len(found.value) == 1):
        return f'{got}; answer with the letter of a choice, in quotes: "a"'
    of_another_kind = any(isinstance(d, WrongKind) for d in found.differences)
    if of_another_kind:
        kinds = [d for d in found.differences if isinstance(d, WrongKind)]
        return _with_place(question, kinds[0])
    return f"{describe(found.value)} is not the answer"
