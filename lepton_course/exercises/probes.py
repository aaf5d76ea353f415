"""Put cases to an answer, in the process where the answer lives.

A probe returns an `Observation`: plain data under a few names ("result", "gradients", …), or
the exception that the answer raised. Probes hold no expected value and decide nothing.
"""

from __future__ import annotations

import copy
import random
import re
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from lepton_course.exercises.case import Case
from lepton_course.exercises.values import Opaque, Plain, is_tensor, plain, same, shared_arguments
from lepton_course.services.asgi_requests import ask
from lepton_course.training.rank_threads import run_ranks, stacked

MISSING = "Missing"
ELLIPSIS = "Ellipsis"

PASSES = 20
"""Passes through a network after the first one, until two differ."""


@dataclass(frozen=True)
class Raised:
    """An exception that an answer raised: its type, its message and the answer's line.

    `kind` is `MISSING` when the answer is not defined, and `ELLIPSIS` when a `...` left in place of
    code got into a calculation.
    """

    kind: str
    message: str = ""
    line: str = ""


@dataclass(frozen=True)
class Observation:
    """What an answer gave on a case: values by aspect, or the exception it raised."""

    seen: dict[str, Plain] = field(default_factory=dict)
    raised: Raised | None = None


class Missing:
    """Stands for an answer whose name the learner has not defined."""


@dataclass(frozen=True)
class Probe:
    """Base of all probes; `kind` names it in compiled checks."""

    kind: ClassVar[str] = ""
    registry: ClassVar[dict[str, type[Probe]]] = {}

    def __init_subclass__(cls) -> None:
        Probe.registry[cls.kind] = cls

    def look(self, answer: Any, case: Case) -> dict[str, Plain]:
        """Put `case` to `answer`; return what is seen, by aspect. Raises what the answer raises."""
        raise NotImplementedError

    def observe(self, answer: Any, case: Case) -> Observation:
        """Run `look` on fresh copies of the inputs, turning exceptions into data.

        During the call the random generators start from a fixed state, so that answers that draw
        random numbers can be compared; afterwards their own state is restored.
        """
        if answer is Missing:
            return Observation(raised=Raised(MISSING))
        try:
            with fixed_randomness():
                return Observation(seen=self.look(answer, copy.deepcopy(case)))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # an answer may raise SystemExit; the check goes on
            return Observation(raised=describe_exception(error))


@dataclass(frozen=True)
class Call(Probe):
    """Call the answer; observe its result, and its arguments if the call changed them.

    fresh: also observe which arguments come back in the result, or share memory with it, for
        exercises whose statement asks for something new.
    """

    fresh: bool = False
    kind: ClassVar[str] = "call"

    def look(self, answer: Any, case: Case) -> dict[str, Plain]:
        before = plain([list(case.args), dict(case.kwargs)])
        result = answer(*case.args, **case.kwargs)
        seen = {"result": plain(result)}
        after = plain([list(case.args), dict(case.kwargs)])
        seen["arguments"] = None if same(before, after) else after
        if self.fresh:
            seen["aliased"] = shared_arguments(result, case.args, case.kwargs)
        return seen


@dataclass(frozen=True)
class Ranks(Probe):
    """Call the answer once a rank, as answer(shards[r], *others, all_reduce); observe all results.

    The case's arguments are a list by rank, and what all ranks get. most: numbers in one message;
    see `run_ranks`. Results that are arrays of one shape are observed as one array.
    """

    most: int = 2000
    kind: ClassVar[str] = "ranks"

    def look(self, answer: Any, case: Case) -> dict[str, Plain]:
        shards, *others = case.args
        before = plain(list(case.args))
        work = [partial(answer, shard, *others) for shard in shards]
        result = stacked([plain(result) for result in run_ranks(work, self.most)])
        after = plain(list(case.args))
        return {"result": result, "arguments": None if same(before, after) else [after, {}]}


@dataclass(frozen=True)
class Service(Probe):
    """Build an ASGI application with the answer, and put HTTP requests to it, the case's `x`.

    Observed are status and content of each answer; see `services.asgi_requests`.
    """

    kind: ClassVar[str] = "service"

    def look(self, answer: Any, case: Case) -> dict[str, Plain]:
        before = plain([list(case.args), dict(case.kwargs)])
        app = answer(*case.args, **case.kwargs)
        if not callable(app):
            return {"result": plain(app)}
        seen = {"result": plain(ask(app, case.x))}
        after = plain([list(case.args), dict(case.kwargs)])
        return {**seen, "arguments": None if same(before, after) else after}


@dataclass(frozen=True)
class Value(Probe):
    """Take the answer as a value, not a function: a predicted shape, a number, a choice."""

    kind: ClassVar[str] = "value"

    def look(self, answer: Any, case: Case) -> dict[str, Plain]:
        return {"result": plain(answer)}


@dataclass(frozen=True)
class Gradient(Probe):
    """Call the answer on tensors; observe its result and gradients with respect to float tensors.

    A result of more than one element is reduced by a fixed weighted sum before the backward
    pass, so that every element counts.
    """

    kind: ClassVar[str] = "gradient"

    def look(self, answer: Any, case: Case) -> dict[str, Plain]:
        leaves = [a.requires_grad_() for a in case.args if is_tensor(a) and a.is_floating_point()]
        result = answer(*case.args, **case.kwargs)
        return {"result": plain(result), "gradients": _gradients(result, leaves)}


@dataclass(frozen=True)
class Model(Probe):
    """Build a network with the answer, give it weights, and run it forward.

    mode: "eval" or "train". gradients: also observe the parameters' gradients. randomness: also
    observe whether passes in train mode differ from each other, as dropout makes them. Layers
    take the case's weights in the order in which a forward pass uses them, in whatever order they
    were created. When they cannot take the weights, only the parameters' shapes are observed.
    """

    mode: str = "eval"
    gradients: bool = False
    randomness: bool = False
    kind: ClassVar[str] = "model"

    def look(self, answer: Any, case: Case) -> dict[str, Plain]:
        import torch

        model = answer(*case.args, **case.kwargs)
        if not isinstance(model, torch.nn.Module):
            return {"parameters": Opaque(type(model).__name__)}
        parameters, buffers = tensors_of(layers_by_use(model, case.x))
        seen: dict[str, Plain] = {"parameters": [tuple(p.shape) for p in parameters]}
        slots = [*parameters, *buffers]
        if [tuple(s.shape) for s in slots] != [np.shape(w) for w in case.weights]:
            return seen
        with torch.no_grad():
            for slot, weight in zip(slots, case.weights, strict=True):
                slot.copy_(torch.as_tensor(weight))
        model.train(self.mode == "train")
        x = case.x.to(slots[0].device) if slots else case.x
        output = model(x)
        seen["output"] = plain(output)
        if self.gradients:
            seen["gradients"] = _gradients(output, parameters)
        if self.randomness:
            seen["randomness"] = _is_random(model.train(), x)
        return seen


def layers_by_use(model: Any, x: Any) -> list[Any]:
    """Return a model's modules in the order in which they are first run on x; unused ones last.

    A model that fails on x has its modules in the order of their creation.
    """
    import torch

    modules, used = list(model.modules()), []
    was_training = model.training
    hooks = [m.register_forward_pre_hook(lambda layer, _: used.append(layer)) for m in modules]
    device = next((p.device for p in model.parameters()), None)
    try:
        with torch.no_grad():
            model.eval()(x.to(device))
    except Exception:
        used.clear()
    finally:
        model.train(was_training)
        for hook in hooks:
            hook.remove()
    return list(dict.fromkeys([*used, *modules]))


def tensors_of(layers: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Return the parameters and the float buffers of modules, without those of modules inside.

    Buffers that a state_dict leaves out are left out, as in load_state_dict.
    """
    parameters = dict.fromkeys(p for layer in layers for p in layer.parameters(recurse=False))
    buffers = dict.fromkeys(
        buffer
        for layer in layers
        for name, buffer in layer.named_buffers(recurse=False)
        if name not in layer._non_persistent_buffers_set
    )
    return list(parameters), [b for b in buffers if b.is_floating_point()]


def random_weights(model: Any, rng: np.random.Generator, scale: float = 0.3) -> list[np.ndarray]:
    """Draw weights for a `Model` case: normal for parameters, positive for the model's buffers.

    model: creates its layers in the order of their use. Return float32 arrays, parameters first.
    """
    parameters, buffers = tensors_of(list(model.modules()))
    weights = [rng.normal(scale=scale, size=tuple(p.shape)) for p in parameters]
    weights += [rng.uniform(0.5, 1.5, size=tuple(b.shape)) for b in buffers]
    return [np.asarray(w, dtype=np.float32) for w in weights]


def _is_random(model: Any, x: Any) -> bool:
    """Whether one of `PASSES` passes differs from the first: one alone may draw the same mask."""
    import torch

    with torch.no_grad():
        first = plain(model(x))  # of an answer: not always a tensor
        return not all(same(plain(model(x)), first) for _ in range(PASSES))


def _gradients(result: Any, leaves: Sequence[Any]) -> Plain:
    import torch

    if not is_tensor(result) or not result.requires_grad:
        return None
    weights = torch.linspace(-1.0, 2.0, result.numel(), dtype=result.dtype, device=result.device)
    total = (result.flatten() * weights).sum() if result.numel() > 1 else result.sum()
    return plain(list(torch.autograd.grad(total, leaves, allow_unused=True)))


@contextmanager
def fixed_randomness(seed: int = 0) -> Iterator[None]:
    """Put Python's, NumPy's and torch's generators in a fixed state; restore theirs at the end."""
    states = random.getstate(), np.random.get_state()
    torch = sys.modules.get("torch")
    torch_state = torch.get_rng_state() if torch else None
    random.seed(seed)
    np.random.seed(seed)
    if torch:
        torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        if torch and torch_state is not None:
            torch.set_rng_state(torch_state)


def describe_exception(error: BaseException) -> Raised:
    """Return the exception's type, message and the last line of the learner's own code."""
    library = (sys.prefix, sys.base_prefix, str(Path(__file__).parents[1]))
    line = ""
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.line and not frame.filename.startswith(library):
            line = frame.line.strip()
    try:
        message = str(error)
    except Exception:
        message = ""
    kind = ELLIPSIS if _is_left_in(error, message) else type(error).__name__
    return Raised(kind, message[:500], line[:200])


_ELLIPSIS_TYPE = re.compile(r"\bellipsis\b")


def _is_left_in(error: BaseException, message: str) -> bool:
    """Whether a `...` that stands for what is still to be written caused the exception."""
    if type(error) is AttributeError:
        return error.obj is ...
    # A TypeError carries no operands: Python names their types, "'float' and 'ellipsis'".
    return type(error) is TypeError and _ELLIPSIS_TYPE.search(message) is not None


def probe_to_tree(probe: Probe) -> dict[str, Plain]:
    """Return the probe as plain data."""
    return {"kind": probe.kind, **asdict(probe)}


def probe_from_tree(tree: dict[str, Plain]) -> Probe:
    """Rebuild the probe that `probe_to_tree` described."""
    options = dict(tree)
    return Probe.registry[options.pop("kind")](**options)
