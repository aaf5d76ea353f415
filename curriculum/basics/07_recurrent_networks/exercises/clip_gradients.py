"""Exercise `clip_gradients`: clipping by the global norm."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise

clipping = exercise(
    "clip_gradients",
    title="Clipping by the global norm",
    points=2,
    difficulty=2,
    minutes=8,
    probe=Call(fresh=True),
    compare=close(),
    read="lesson.ipynb#Clipping",
    returns=("clipped", "norm"),
)


@clipping.reference
def clip_gradients(gradients, limit):
    """Scale all gradients by one factor, so that their common norm is at most `limit`.

    gradients: list of float arrays of any shapes. Returns new arrays of the same shapes, all 0
    where the norm is not finite, and the Euclidean norm before clipping, a float (Pascanu,
    Mikolov and Bengio 2013).
    """
    norm = float(np.sqrt(sum(np.square(gradient).sum() for gradient in gradients)))
    if not np.isfinite(norm):
        return [np.zeros(gradient.shape) for gradient in gradients], norm
    factor = limit / max(norm, limit)
    return [gradient * factor for gradient in gradients], norm


@clipping.alternative
def clip_in_one_vector(gradients, limit):
    flat = np.concatenate([gradient.ravel() for gradient in gradients])
    norm = np.linalg.norm(flat)
    if np.isfinite(norm):
        flat = flat if norm <= limit else flat / norm * limit
    else:
        flat = np.zeros(flat.shape)
    ends = np.cumsum([gradient.size for gradient in gradients])[:-1]
    pieces = zip(np.split(flat, ends), gradients, strict=True)
    return [piece.reshape(gradient.shape) for piece, gradient in pieces], float(norm)


@clipping.alternative
def clip_via_torch(gradients, limit):
    slots = [torch.nn.Parameter(torch.tensor(gradient)) for gradient in gradients]
    for slot, gradient in zip(slots, gradients, strict=True):
        slot.grad = torch.tensor(gradient)
    norm = torch.nn.utils.clip_grad_norm_(slots, limit).item()
    scaled = [slot.grad.numpy() for slot in slots]
    return (scaled if np.isfinite(norm) else [np.zeros_like(g) for g in gradients]), norm


def _norm(gradients):
    return float(np.linalg.norm([np.linalg.norm(gradient) for gradient in gradients]))


@clipping.cases
def cases(rng):
    def numbers(*shape):
        return np.round(rng.uniform(0.2, 0.9, shape) * rng.choice([-1, 1], shape), 2)

    def several(scale):
        return [scale * numbers(3), scale * numbers(2, 3), scale * numbers(3, 2)]

    def kernels(scale):
        return [scale * numbers(2, 1, 3, 2), scale * numbers(2, 3, 2), scale * numbers(1)]

    together = several(1.0)  # each shorter than the limit, together longer
    infinite, unknown, deep = several(1.0), several(2.0), kernels(1.0)
    infinite[1][1, int(rng.integers(3))] = -np.inf
    unknown[2][int(rng.integers(3)), 0] = np.nan
    deep[1][1, int(rng.integers(3)), 0] = np.inf
    silent = [np.zeros((2, 2)), np.zeros(3)]
    return [
        Case("shorter than the limit", (several(0.5), 6.0)),
        Case("shorter than the limit", (several(2.0), 7.0)),  # the sum of squares is above it
        Case("shorter than the limit", (silent, 1.5)),
        Case("shorter than the limit", (kernels(0.5), 8.25)),
        Case("longer than the limit", ([numbers(4) * [1.0, 4.0, 9.0, 16.0]], 2.5)),
        Case("longer than the limit", (several(30.0), 0.4)),
        Case("longer than the limit", (several(0.001), 0.0004)),
        Case("longer than the limit", (several(40.0), 12.5)),
        Case("longer than the limit", (kernels(3.0), 1.3)),
        Case("several arrays, long together", (together, 0.98 * _norm(together))),
        Case("not finite", (infinite, 1.5)),
        Case("not finite", (unknown, 0.7)),
        Case("not finite", (deep, 2.1)),
    ]


scaling = clipping.group("One factor for all")


@scaling.mistake(
    "You clipped each array by its own norm, which changes the direction of the step: take one "
    "norm and one factor for all arrays together."
)
def each_array_on_its_own(gradients, limit):
    clipped = [clip_gradients([gradient], limit)[0][0] for gradient in gradients]
    if not np.isfinite(_norm(gradients)):
        clipped = [np.zeros_like(gradient) for gradient in gradients]
    return clipped, _norm(gradients)


@scaling.mistake(
    "You clipped every value to the range from -limit to limit, which changes the direction of "
    "the step: multiply everything by one factor."
)
def value_by_value(gradients, limit):
    if not np.isfinite(_norm(gradients)):
        return clip_gradients(gradients, limit)
    return [np.clip(gradient, -limit, limit) for gradient in gradients], _norm(gradients)


@scaling.mistake(
    "You also scale gradients shorter than the limit, up to it: leave those as they are."
)
def always_scaled(gradients, limit):
    norm = _norm(gradients)
    if not np.isfinite(norm) or norm == 0:
        return clip_gradients(gradients, limit)
    return [gradient * (limit / norm) for gradient in gradients], norm


@scaling.mistake(
    "You compare the sum of squares with the limit: take the root first. A norm of 3 has the "
    "square 9, and is still below a limit of 5."
)
def squares_against_the_limit(gradients, limit):
    norm = _norm(gradients)
    if np.isfinite(norm) and norm**2 <= limit:
        return clip_gradients(gradients, norm + 1)
    return always_scaled(gradients, limit)


@scaling.mistake(
    "Where all gradients are 0 you divide by their norm, and 0 / 0 is nan: divide only where the "
    "norm exceeds the limit."
)
def zero_by_zero(gradients, limit):
    clipped, norm = clip_gradients(gradients, limit)
    return ([np.full_like(g, np.nan) for g in gradients] if norm == 0 else clipped), norm


@scaling.mistake("Long gradients come back with a norm of 1: multiply by limit / norm.")
def scaled_to_1(gradients, limit):
    clipped, norm = clip_gradients(gradients, limit)
    return ([gradient / limit for gradient in clipped] if norm > limit else clipped), norm


@scaling.mistake(
    "You returned the norm after clipping: return the one before, which shows an explosion."
)
def norm_afterwards(gradients, limit):
    clipped, norm = clip_gradients(gradients, limit)
    return clipped, _norm(clipped) if np.isfinite(norm) else norm


not_finite = clipping.group("Not finite")


@not_finite.mistake(
    "You do not check for a norm that is not finite, and a step of nan ruins the weights: ask "
    "np.isfinite(norm) first, and return zeros where it is False."
)
def infinity_not_looked_at(gradients, limit):
    norm = _norm(gradients)
    factor = limit / norm if norm > limit else 1.0
    with np.errstate(all="ignore"):
        return [gradient * factor for gradient in gradients], norm


@not_finite.mistake(
    "You check for nan but not for inf, and inf * 0 is nan: np.isfinite(norm) catches both."
)
def only_nan_looked_at(gradients, limit):
    look = clip_gradients if np.isnan(_norm(gradients)) else infinity_not_looked_at
    return look(gradients, limit)


@not_finite.mistake(
    "You check for inf but not for nan, and nan > limit is False: np.isfinite(norm) catches both."
)
def only_inf_looked_at(gradients, limit):
    look = clip_gradients if np.isinf(_norm(gradients)) else infinity_not_looked_at
    return look(gradients, limit)


@not_finite.mistake(
    "You multiplied by 0, but 0 * inf and 0 * nan are nan: make new arrays with np.zeros_like."
)
def times_zero(gradients, limit):
    clipped, norm = clip_gradients(gradients, limit)
    with np.errstate(all="ignore"):
        return (clipped if np.isfinite(norm) else [0 * gradient for gradient in gradients]), norm


@not_finite.mistake(
    "You set the values that are not finite to 0 and kept the others: after an overflow none can "
    "be trusted; return zeros for all, and the norm as it was."
)
def bad_values_removed(gradients, limit):
    kept = [np.nan_to_num(gradient, nan=0.0, posinf=0.0, neginf=0.0) for gradient in gradients]
    return clip_gradients(kept, limit)


def _clipped_by(measure):
    """Clipping by something else than the norm: measure(gradients)."""

    def wrong(gradients, limit):
        size = float(measure(gradients))
        if not np.isfinite(size):
            return [np.zeros_like(gradient) for gradient in gradients], size
        return [gradient * (limit / max(size, limit)) for gradient in gradients], size

    return wrong


measures = clipping.group("The norm", make=_clipped_by)


@measures.mistake(
    "You added up the norms of the arrays: add up their squares, and take one root at the end."
)
def norms_added_up(gradients):
    return sum(np.linalg.norm(gradient) for gradient in gradients)


@measures.mistake("The root is missing: the norm is the square root of the sum of squares.")
def no_root(gradients):
    return _norm(gradients) ** 2


@measures.mistake(
    "For a matrix, np.linalg.norm(g, 2) is its largest singular value, not the root of the sum of "
    "squares: leave the 2 out, or use np.sum(g**2)."
)
def largest_singular_value(gradients):
    norm = _norm(gradients)
    orders = [2 if gradient.ndim == 2 else None for gradient in gradients]
    if not np.isfinite(norm):
        return norm
    return _norm([np.linalg.norm(g, order) for g, order in zip(gradients, orders, strict=True)])


clipping.hints(
    "How long is the vector that you get by laying all arrays end to end?",
    "Sum of squares over all arrays, then one root. If that is not finite: zeros. If it is at "
    "most limit: leave everything as it is. Otherwise one factor for all.",
    "The factor is limit / norm. Add up np.sum(g**2) over the list and take np.sqrt; ask "
    "np.isfinite(norm) first. Return a list of new arrays, and float(norm).",
)
