"""A mean that withstands poisoned clients: the exercise `robust_mean`."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise

bearing = exercise(
    "robust_mean",
    title="A mean that withstands poisoned clients",
    points=2,
    difficulty=3,
    minutes=8,
    probe=Call(),
    compare=close(rtol=1e-6, atol=1e-9),
    read="lesson.ipynb#A-poisoned-client",
)


@bearing.reference
def robust_mean(updates, trim):
    """Return the coordinate-wise trimmed mean of the updates: a float array of an update's shape.

    updates: float array (K, ...), K >= 1. trim: int, 0 or more, the number dropped at either end.
    Clients with a number that is not finite are left out whole. Where nothing would be left, the
    median; without any client, zeros.
    Source: Yin and others (2018), definitions 1 and 2.
    """
    finite = np.isfinite(updates).all(axis=tuple(range(1, updates.ndim)))
    ordered = np.sort(updates[finite], axis=0)
    clients = len(ordered)
    if clients == 0:
        return np.zeros(updates.shape[1:])
    if 2 * trim >= clients:
        trim = (clients - 1) // 2
    return ordered[trim : clients - trim].mean(axis=0)


@bearing.alternative
def with_a_loop(updates, trim):
    good = [update for update in updates if np.all(np.isfinite(update))]
    result = np.zeros(updates.shape[1:])
    if not good:
        return result
    for place in np.ndindex(result.shape):
        numbers = sorted(float(update[place]) for update in good)
        if 2 * trim < len(numbers):
            numbers = numbers[trim : len(numbers) - trim]
            result[place] = sum(numbers) / len(numbers)
        else:
            result[place] = np.median(numbers)
    return result


@bearing.alternative
def without_the_ends_in_torch(updates, trim):
    rows = torch.tensor(updates, dtype=torch.float64)
    rows = rows[torch.isfinite(rows).flatten(start_dim=1).all(dim=1)]
    if len(rows) == 0:
        return torch.zeros(updates.shape[1:], dtype=torch.float64).numpy()
    if len(rows) <= 2 * trim:
        return torch.quantile(rows, 0.5, dim=0).numpy()
    while trim:
        rows = torch.sort(rows, dim=0).values[1:-1]
        trim -= 1
    return rows.mean(dim=0).numpy()


@bearing.cases
def cases(rng):
    def case(part, clients, shape, trim, poisoned=(), broken=None):
        """Honest clients near to each other; poisoned ones far off; broken ones with bad numbers.

        broken: by client, the bad number, and whether it stands in one place or in all.
        """
        updates = rng.normal(size=shape) + 0.4 * rng.normal(size=(clients, *shape))
        for client in poisoned:
            updates[client] = 50 * rng.normal(size=shape)
        for client, (number, everywhere) in (broken or {}).items():
            places = updates[client].reshape(-1)
            places[... if everywhere else int(rng.integers(places.size))] = number
        return Case(part, (updates, trim))

    def single_precision(clients, shape, trim, large):
        """Eighths, whose sums are exact, in float32; one client's numbers are finite, but huge."""
        updates = (rng.integers(-40, 40, (clients, *shape)) / 8).astype(np.float32)
        updates[large] = np.float32(2e38)
        return Case("a poisoned client", (updates, trim))

    nan, inf = np.nan, np.inf
    return [
        case("a poisoned client", 7, (5,), 1, {3}),
        case("a poisoned client", 9, (2, 3), 3, {0, 4, 8}),
        case("a poisoned client", 8, (2, 2, 2), 3, {1, 2, 6}),
        single_precision(6, (4,), 1, 3),
        case("no trimming", 4, (3, 2), 0),
        case("no trimming", 1, (4,), 0),
        case("no trimming", 5, (1,), 0),
        case("numbers that are not finite", 6, (4,), 1, {2}, {4: (nan, False)}),
        case("numbers that are not finite", 7, (3, 2), 2, (), {0: (inf, False), 5: (nan, True)}),
        case("numbers that are not finite", 5, (6,), 0, (), {1: (-inf, False), 2: (inf, True)}),
        case("numbers that are not finite", 6, (2, 1, 3), 1, {3}, {0: (-inf, True)}),
        case("more trimmed than there are", 5, (4,), 3, {1}),
        case("more trimmed than there are", 6, (2, 3), 3, {0, 4}),
        case("more trimmed than there are", 7, (3,), 2, {2}, {3: (nan, False), 6: (inf, True)}),
        case("more trimmed than there are", 4, (2, 2), 6),
        case("one client left, or none", 4, (5,), 1, (), {k: (nan, k == 2) for k in (0, 1, 2)}),
        case("one client left, or none", 3, (2, 2), 0, (), dict.fromkeys(range(3), (inf, False))),
        case("one client left, or none", 1, (3,), 2, (), {0: (nan, False)}),
        case("one client left, or none", 1, (2, 4), 5),
    ]


broken = bearing.group("Numbers that are not finite")


@broken.mistake(
    "A single NaN turns your result into NaN: leave out every client with a number that is not "
    "finite, before anything else."
)
def nan_taken_along(updates, trim):
    ordered = np.sort(updates, axis=0)
    with np.errstate(invalid="ignore"):  # inf - inf
        if 2 * trim >= len(ordered):
            return np.median(updates, axis=0)
        return ordered[trim : len(ordered) - trim].mean(axis=0)


@broken.mistake(
    "You left out clients with NaN and kept infinite numbers: np.isfinite sees both, np.isnan one."
)
def infinite_kept(updates, trim):
    bad = np.isnan(updates).reshape(len(updates), -1).any(axis=1)
    rows = updates[~bad]
    if len(rows) == 0:
        return np.zeros(updates.shape[1:])
    return nan_taken_along(rows, trim)


@broken.mistake(
    "You put 0 in place of bad numbers: that pulls the mean towards 0, and lets the rest of a "
    "broken client's numbers count. Leave the client out whole."
)
def zeros_for_bad_numbers(right, a):
    return right(updates=np.nan_to_num(a.updates, nan=0.0, posinf=0.0, neginf=0.0))


@broken.mistake(
    "You left out single numbers, as nanmean does: a client with one bad number is not to be "
    "trusted in the others, so leave it out whole."
)
def bad_numbers_left_out_alone(updates, trim):
    result = np.zeros(updates.shape[1:])
    for place in np.ndindex(result.shape):
        numbers = updates[(slice(None), *place)]
        result[place] = robust_mean(numbers[np.isfinite(numbers)], trim)
    return result


ends = bearing.group("Trimming")


@ends.mistake(
    "You took the plain mean: one client decides it. Sort along axis 0, and leave out the first "
    "and the last `trim`."
)
def plain_mean(right, a):
    return right(trim=0)


@ends.mistake(
    "You took the median everywhere: it is asked for only where trimming would leave nothing."
)
def always_the_median(right, a):
    return right(trim=10**6)


@ends.mistake(
    "You trimmed at the upper end alone: a poisoned client may pull down, too, so drop `trim` "
    "numbers at either end."
)
def upper_end_alone(updates, trim):
    rows = updates[np.isfinite(updates).reshape(len(updates), -1).all(axis=1)]
    if not 0 < 2 * trim < len(rows):
        return robust_mean(updates, trim)
    return np.sort(rows, axis=0)[: len(rows) - trim].mean(axis=0)


@ends.mistake("You dropped `trim` numbers in all, half at either end: it is `trim` at either end.")
def half_at_either_end(right, a):
    return right(trim=a.trim // 2)


@ends.mistake(
    "You dropped whole clients with the longest or shortest updates: trimming works on each "
    "coordinate by itself, so sort along axis 0."
)
def whole_clients_dropped(updates, trim):
    rows = updates[np.isfinite(updates).reshape(len(updates), -1).all(axis=1)]
    if not 0 < 2 * trim < len(rows):
        return robust_mean(updates, trim)
    order = np.argsort(np.linalg.norm(rows.reshape(len(rows), -1).astype(float), axis=1))
    return rows[order[trim : len(rows) - trim]].mean(axis=0)


@ends.mistake(
    "You summed what is left and divided by the number of all clients: divide by the number of "
    "those that are left, which .mean does."
)
def divided_by_all(right, a):
    finite = np.isfinite(a.updates).reshape(len(a.updates), -1).all(axis=1)
    left = int(finite.sum()) - 2 * a.trim
    return right() * max(left, 1) / len(a.updates)


@ends.mistake(
    "With trim = 0 nothing is left of yours: the slice [0:-0] is empty. End it at the number of "
    "clients minus trim."
)
def empty_slice(right, a):
    finite = np.isfinite(a.updates).reshape(len(a.updates), -1).all(axis=1)
    is_empty = a.trim == 0 and finite.any()
    return np.full(a.updates.shape[1:], np.nan) if is_empty else right()


@ends.mistake(
    "You count those to be trimmed before you leave out broken clients: whether 2 * trim is too "
    "many depends on the clients that are left."
)
def counted_too_early(updates, trim):
    rows = updates[np.isfinite(updates).reshape(len(updates), -1).all(axis=1)]
    if 2 * trim >= len(updates) or len(rows) == 0:
        return robust_mean(updates, trim)
    with np.errstate(all="ignore"):
        left = np.sort(rows, axis=0)[trim : len(rows) - trim]
        return left.sum(axis=0) / np.float64(len(left))


@ends.mistake(
    "Where trimming would leave nothing, you took the plain mean: take the median, the most robust "
    "of them."
)
def mean_where_nothing_is_left(right, a):
    finite = np.isfinite(a.updates).reshape(len(a.updates), -1).all(axis=1)
    return right(trim=a.trim if 2 * a.trim < finite.sum() else 0)


@ends.mistake(
    "Your median of an even number takes one of the two in the middle: take their mean, as "
    "np.median does."
)
def lower_middle(updates, trim):
    rows = updates[np.isfinite(updates).reshape(len(updates), -1).all(axis=1)]
    if 2 * trim < len(rows) or len(rows) == 0:
        return robust_mean(updates, trim)
    return np.sort(rows, axis=0)[(len(rows) - 1) // 2]


@bearing.mistake(
    "Without any sound client your answer is NaN or fails: return zeros, which move nothing."
)
def nobody_left_fails(right, a):
    finite = np.isfinite(a.updates).reshape(len(a.updates), -1).all(axis=1)
    return right() if finite.any() else np.full(a.updates.shape[1:], np.nan)


bearing.hints(
    "Leave out the broken clients first. Then look at a single coordinate: which numbers stay?",
    "np.isfinite over all axes but the first tells the sound clients. Sort them along axis 0, cut "
    "`trim` rows at either end, and take the mean along axis 0; np.median if nothing would be "
    "left, zeros without any client.",
    "Flatten each client with reshape(len(updates), -1) for the test; keep the shape for the "
    "mean. The slice ends at len(rows) - trim, since [0:-0] is empty.",
)
