"""Exercise `clip_gradients`: clipping by the global norm."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import only_value, tuple_order

clipping = exercise(
    "clip_gradients",
    title="Clipping by the global norm",
    points=2,
    difficulty=2,
    minutes=10,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Clipping",
    returns=("clipped", "norm"),
    forms=[
        tuple_order(
            (1, 0), "Both are right, but in the wrong order: the list first, then the norm."
        ),
        only_value(0, "You returned the list alone: return the pair gradients, norm."),
        only_value(
            0,
            "You returned the first array alone: is `return` inside the loop? "
            "Collect all arrays in a list.",
            of="clipped",
        ),
    ],
)


@clipping.reference
def clip_gradients(gradients, limit):
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
    slots = [torch.nn.Parameter(torch.zeros(gradient.shape)) for gradient in gradients]
    for slot, gradient in zip(slots, gradients, strict=True):
        slot.data = slot.data.double()
        slot.grad = torch.tensor(gradient)
    norm = torch.nn.utils.clip_grad_norm_(slots, limit).item()
    scaled = [slot.grad.numpy() for slot in slots]
    return (scaled if np.isfinite(norm) else [0 * slot.data.numpy() for slot in slots]), norm


def _norm(gradients):
    return float(np.linalg.norm([np.linalg.norm(gradient) for gradient in gradients]))


@clipping.cases
def cases(rng):
    def numbers(*shape):
        return np.round(rng.uniform(0.3, 0.9, shape) * rng.choice([-1, 1], shape), 2)

    def several(scale):
        """Three arrays, of which the first is never the longest."""
        return [0.4 * scale * numbers(3), scale * numbers(2, 3), scale * numbers(3, 2)]

    together = several(1.0)  # each shorter than the limit, together longer
    infinite, unknown = several(1.0), several(2.0)
    infinite[1][1, int(rng.integers(3))] = np.inf
    unknown[2][int(rng.integers(3)), 0] = np.nan
    silent = [np.zeros((2, 2)), np.zeros(3)]
    return [
        Case("shorter than the limit", (several(0.5), 6.0)),
        Case("shorter than the limit", (several(2.0), 7.0)),  # the sum of squares is above it
        Case("shorter than the limit", (silent, 1.5)),
        Case("longer than the limit", ([numbers(4) * [1.0, 4.0, 9.0, 16.0]], 2.5)),
        Case("longer than the limit", (several(30.0), 0.4)),
        Case("longer than the limit", (several(0.1), 0.02)),
        Case("several arrays, long together", (together, 0.98 * _norm(together))),
        Case("not finite", (infinite, 1.5)),
        Case("not finite", (unknown, 0.7)),
    ]


@clipping.mistake(
    "You clipped each array by its own norm, which turns the step into another direction: one "
    "norm and one factor for all arrays together."
)
def each_array_on_its_own(gradients, limit):
    clipped = [clip_gradients([gradient], limit)[0][0] for gradient in gradients]
    if not np.isfinite(_norm(gradients)):
        clipped = [np.zeros_like(gradient) for gradient in gradients]
    return clipped, _norm(gradients)


@clipping.mistake(
    "You cut every value to the range from -limit to limit, which turns the step into another "
    "direction: multiply everything by one factor."
)
def value_by_value(gradients, limit):
    if not np.isfinite(_norm(gradients)):
        return clip_gradients(gradients, limit)
    return [np.clip(gradient, -limit, limit) for gradient in gradients], _norm(gradients)


@clipping.mistake(
    "You also scale gradients that are shorter than the limit, up to it: leave those as they are."
)
def always_scaled(gradients, limit):
    norm = _norm(gradients)
    if not np.isfinite(norm) or norm == 0:
        return clip_gradients(gradients, limit)
    return [gradient * (limit / norm) for gradient in gradients], norm


@clipping.mistake(
    "You scale all gradients to the limit, also short ones, and where all are 0 you divide by 0: "
    "scale only where the norm exceeds the limit."
)
def always_scaled_and_0_by_0(gradients, limit):
    norm = _norm(gradients)
    if not np.isfinite(norm):
        return clip_gradients(gradients, limit)
    with np.errstate(all="ignore"):
        return [gradient * (limit / np.float64(norm)) for gradient in gradients], norm


@clipping.mistake(
    "Where all gradients are 0 you divide by their norm, 0 by 0: look at that case first."
)
def zero_by_zero(gradients, limit):
    norm = _norm(gradients)
    if not np.isfinite(norm):
        return clip_gradients(gradients, limit)
    with np.errstate(all="ignore"):
        factor = np.minimum(1, np.float64(limit) / norm)
        return [gradient / norm * (norm * factor) for gradient in gradients], norm


@clipping.mistake(
    "Your clipped gradients have the norm 1: it should be limit, so multiply by limit / norm."
)
def scaled_to_1(gradients, limit):
    clipped, norm = clip_gradients(gradients, limit)
    return ([gradient / limit for gradient in clipped] if norm > limit else clipped), norm


@clipping.mistake(
    "You divided by the limit: multiply by limit / norm, then the norm becomes the limit."
)
def divided_by_the_limit(gradients, limit):
    clipped, norm = clip_gradients(gradients, limit)
    over = limit < norm < np.inf
    return ([gradient / limit for gradient in gradients] if over else clipped), norm


@clipping.mistake(
    "Your factor stands upside down and makes long gradients longer: it is limit / norm."
)
def upside_down(gradients, limit):
    clipped, norm = clip_gradients(gradients, limit)
    over = limit < norm < np.inf
    return ([gradient * norm / limit for gradient in gradients] if over else clipped), norm


@clipping.mistake(
    "You threw away gradients that are too long: keep their direction and shorten them; only "
    "those that are not finite become zeros."
)
def set_to_zero(gradients, limit):
    clipped, norm = clip_gradients(gradients, limit)
    return ([np.zeros_like(gradient) for gradient in clipped] if norm > limit else clipped), norm


@clipping.mistake(
    "Long gradients come back as they were: multiply all arrays by limit / norm when the norm "
    "exceeds the limit."
)
def nothing_clipped(gradients, limit):
    clipped, norm = clip_gradients(gradients, limit)
    return (list(gradients) if np.isfinite(norm) else clipped), norm


@clipping.mistake(
    "One inf or nan spoils all gradients, for inf * 0 is nan: when the norm is not finite, return "
    "zeros."
)
def infinity_not_looked_at(gradients, limit):
    norm = _norm(gradients)
    factor = limit / norm if norm > limit else 1.0
    with np.errstate(all="ignore"):
        return [gradient * factor for gradient in gradients], norm


@clipping.mistake(
    "You look for nan but not for inf, and inf * 0 is nan: np.isfinite(norm) sees both."
)
def only_nan_looked_at(gradients, limit):
    norm = _norm(gradients)
    if np.isnan(norm):
        return [np.zeros_like(gradient) for gradient in gradients], norm
    return infinity_not_looked_at(gradients, limit)


@clipping.mistake(
    "You look for inf but not for nan, and nan > limit is False: np.isfinite(norm) sees both."
)
def only_inf_looked_at(gradients, limit):
    norm = _norm(gradients)
    if np.isinf(norm):
        return [np.zeros_like(gradient) for gradient in gradients], norm
    return infinity_not_looked_at(gradients, limit)


@clipping.mistake(
    "Gradients that are not finite come back as they were, and would spoil the weights: return "
    "zeros for all of them."
)
def unchanged_where_not_finite(gradients, limit):
    clipped, norm = clip_gradients(gradients, limit)
    return (clipped if np.isfinite(norm) else list(gradients)), norm


@clipping.mistake(
    "You set the values that are not finite to 0 and went on with the others: after an overflow "
    "none can be trusted; return zeros for all, and the norm as it was."
)
def bad_values_removed(gradients, limit):
    if np.isfinite(_norm(gradients)):
        return clip_gradients(gradients, limit)
    kept = [np.nan_to_num(gradient, nan=0.0, posinf=0.0, neginf=0.0) for gradient in gradients]
    return clip_gradients(kept, limit)


@clipping.mistake(
    "You returned the norm after clipping: the one before is asked for, as it shows an explosion."
)
def norm_afterwards(gradients, limit):
    clipped, norm = clip_gradients(gradients, limit)
    return clipped, _norm(clipped) if np.isfinite(norm) else norm


@clipping.mistake(
    "Your gradients are right, but for those that are not finite you return the norm 0: return "
    "the norm as it was, inf or nan, so that one sees what happened."
)
def norm_set_to_0(gradients, limit):
    clipped, norm = clip_gradients(gradients, limit)
    return clipped, norm if np.isfinite(norm) else 0.0


@clipping.mistake("You returned one long vector: give every array its own shape back.")
def flattened(gradients, limit):
    clipped, norm = clip_gradients(gradients, limit)
    return np.concatenate([gradient.ravel() for gradient in clipped]), norm


@clipping.mistake(
    "You wrote into the given arrays: return new ones, and leave the given ones as they are."
)
def in_place(gradients, limit):
    clipped, norm = clip_gradients(gradients, limit)
    for gradient, new in zip(gradients, clipped, strict=True):
        gradient[:] = new
    return gradients, norm


@clipping.mistake(
    "You compare the sum of squares with the limit: take the root first, for a norm of 3 has the "
    "square 9 and is still below a limit of 5."
)
def squares_against_the_limit(gradients, limit):
    norm = _norm(gradients)
    if np.isfinite(norm) and norm**2 <= limit:
        return list(gradients), norm
    return always_scaled(gradients, limit)


@clipping.mistake(
    "You set only those arrays to 0 that hold an inf or a nan, and used the others: after an "
    "overflow none can be trusted; return zeros for all."
)
def bad_arrays_to_zero(gradients, limit):
    if np.isfinite(_norm(gradients)):
        return clip_gradients(gradients, limit)
    factor = min(1, limit / _norm([g for g in gradients if np.isfinite(g).all()]))
    kept = [g * factor if np.isfinite(g).all() else np.zeros_like(g) for g in gradients]
    return kept, _norm(gradients)


@clipping.mistake(
    "You changed the given arrays and returned the norm, as PyTorch's function does: return the "
    "pair of a new list and the norm, and leave the given arrays as they are."
)
def norm_alone(gradients, limit):
    norm = _norm(gradients)
    factor = min(1.0, limit / max(norm, 1e-12)) if np.isfinite(norm) else 0.0
    with np.errstate(all="ignore"):
        for gradient in gradients:
            gradient *= factor
    return norm


@clipping.mistake(
    "You multiplied by 0, and 0 * inf and 0 * nan are nan: make new arrays with np.zeros_like."
)
def times_zero(gradients, limit):
    clipped, norm = clip_gradients(gradients, limit)
    with np.errstate(all="ignore"):
        return (clipped if np.isfinite(norm) else [0 * gradient for gradient in gradients]), norm


@clipping.mistake(
    "You raise an error where the norm is not finite: one bad step should not end the training; "
    "return zeros, and the norm as it was."
)
def error_where_not_finite(gradients, limit):
    if not np.isfinite(_norm(gradients)):
        raise ValueError("not finite")
    return clip_gradients(gradients, limit)


def _clipped_by(measure):
    """Clipping with something else than the norm."""

    def wrong(gradients, limit):
        size = float(measure(gradients))
        if not np.isfinite(size):
            return [np.zeros_like(gradient) for gradient in gradients], size
        if size <= limit:
            return list(gradients), size
        return [gradient * (limit / size) for gradient in gradients], size

    return wrong


clipped_mistakes = clipping.group("Clipped", make=_clipped_by)


@clipped_mistakes.mistake(
    "You added up the norms of the arrays: add up their squares, and take one root at the end."
)
def norms_added_up(gradients):
    return sum(np.linalg.norm(gradient) for gradient in gradients)


@clipped_mistakes.mistake(
    "You took the root of a sum of norms: each norm must be squared first, or take the squares of "
    "all values at once."
)
def root_of_norms(gradients):
    return np.sqrt(sum(np.linalg.norm(gradient) for gradient in gradients))


@clipped_mistakes.mistake(
    "NumPy says above that it cannot make one array of arrays of different shapes: go through the "
    "list, and add up np.sum(g**2)."
)
def one_array_of_all(gradients):
    return np.linalg.norm(np.array(gradients))


@clipped_mistakes.mistake(
    "Python says above that it cannot calculate with a list: go through its arrays, "
    "sum(np.sum(g**2) for g in gradients)."
)
def list_like_an_array(gradients):
    return np.sqrt(np.sum(gradients**2))


@clipped_mistakes.mistake("The root is missing: the norm is the square root of the sum of squares.")
def no_root(gradients):
    return _norm(gradients) ** 2


@clipped_mistakes.mistake(
    "You added up absolute values: the norm here is the Euclidean one, the root of the sum of "
    "squares."
)
def absolute_values(gradients):
    return sum(np.abs(gradient).sum() for gradient in gradients)


@clipped_mistakes.mistake(
    "You took the largest value for the norm: it is the root of the sum of all squares."
)
def largest_value(gradients):
    return max(np.abs(gradient).max() for gradient in gradients)


@clipped_mistakes.mistake("You took the longest array's norm: all arrays count together.")
def largest_norm(gradients):
    return max(np.linalg.norm(gradient) for gradient in gradients)


@clipped_mistakes.mistake(
    "You took the mean of the squares: it is their sum, so that large models are not measured by "
    "another rule than small ones."
)
def root_of_the_mean(gradients):
    return _norm(gradients) / np.sqrt(sum(gradient.size for gradient in gradients))


@clipped_mistakes.mistake("You took the mean of the squares in each array: take the sum.")
def root_of_means(gradients):
    return np.sqrt(sum(np.mean(gradient**2) for gradient in gradients))


@clipped_mistakes.mistake(
    "np.linalg.norm(g, 2) of a matrix is its largest singular value, not the root of the sum of "
    "squares: leave the 2 out, or use np.sum(g**2)."
)
def largest_singular_value(gradients):
    return np.sqrt(sum(np.linalg.norm(gradient, 2) ** 2 for gradient in gradients))


@clipped_mistakes.mistake("You took the norm of the first array alone: all arrays count together.")
def first_array_only(gradients):
    return _norm(gradients[:1])


@clipped_mistakes.mistake(
    "Of a matrix you take the largest singular value, as np.linalg.norm(g, 2) does: leave the 2 "
    "out, and it is the root of the sum of all squares."
)
def largest_singular_value_where_finite(gradients):
    """Looks for inf and nan first, so that no LinAlgError comes."""
    norm = _norm(gradients)
    return largest_singular_value(gradients) if np.isfinite(norm) else norm


@clipped_mistakes.mistake(
    "Of a matrix you take the largest singular value, as np.linalg.norm(g, 2) does: leave the 2 "
    "out, and it is the root of the sum of all squares. And for an inf the norm is inf, not nan."
)
def largest_singular_value_or_nan(gradients):
    finite = np.isfinite(_norm(gradients))
    return largest_singular_value(gradients) if finite else np.nan


clipping.hints(
    "How long is the vector that one gets by laying all arrays end to end?",
    "Sum of squares over all arrays, then one root. If that is not finite: zeros. If it is at "
    "most limit: leave everything. Otherwise one factor for all.",
    "The factor is limit / norm. Add up np.sum(g**2) over the list and take np.sqrt; ask "
    "np.isfinite(norm) first. Return a list of new arrays, and float(norm).",
)
