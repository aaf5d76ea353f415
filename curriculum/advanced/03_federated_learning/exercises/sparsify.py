"""Top-k with error feedback: the exercise `sparsify`."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise

sparsifying = exercise(
    "sparsify",
    title="Send the largest numbers, keep the rest",
    points=2,
    difficulty=3,
    minutes=10,
    probe=Call(fresh=True),
    compare=close(rtol=1e-6, atol=1e-9),
    read="lesson.ipynb#Fewer-bytes",
    returns=("positions", "values", "kept"),
)


@sparsifying.reference
def sparsify(update, residual, k):
    """Return (positions, values, kept) of one client's message.

    update, residual: lists of float arrays of the same shapes. k: int, 0 or more. positions: int
    array (min(k, P),), ascending, in all P numbers laid end to end; values: float array of the
    same length; kept: list of new arrays, the next residual.
    """
    flat = np.concatenate([(u + r).ravel() for u, r in zip(update, residual, strict=True)])
    positions = np.sort(np.argsort(-np.abs(flat), kind="stable")[:k])
    values = flat[positions]
    flat[positions] = 0
    return positions, values, _in_shapes(flat, update)


def _in_shapes(flat, arrays):
    """Numbers (P,) as a list of new arrays of the shapes of `arrays`."""
    ends = np.cumsum([a.size for a in arrays])[:-1]
    parts = np.split(flat, ends)
    return [part.reshape(a.shape).copy() for part, a in zip(parts, arrays, strict=True)]


@sparsifying.alternative
def sorted_by_python(update, residual, k):
    arrays = [u + r for u, r in zip(update, residual, strict=True)]
    numbers = [x for a in arrays for x in a.flatten().tolist()]
    order = sorted(range(len(numbers)), key=lambda i: (-abs(numbers[i]), i))
    sent = sorted(order[:k])
    values = [numbers[i] for i in sent]
    start = 0
    for a in arrays:
        for i in sent:
            if start <= i < start + a.size:
                a.flat[i - start] = 0
        start += a.size
    return np.array(sent, dtype=np.int64), np.array(values, dtype=np.float64), arrays


@sparsifying.alternative
def masked_in_torch(update, residual, k):
    flat = torch.cat([torch.tensor(a).flatten() for a in update])
    flat = flat + torch.cat([torch.tensor(a).flatten() for a in residual])
    order = torch.sort(flat.abs(), descending=True, stable=True).indices
    chosen = torch.zeros(len(flat), dtype=torch.bool)
    chosen[order[:k]] = True
    kept = torch.where(chosen, 0.0, flat).split([u.size for u in update])
    kept = [part.reshape(u.shape).numpy().copy() for part, u in zip(kept, update, strict=True)]
    return torch.nonzero(chosen).flatten().numpy(), flat[chosen].numpy(), kept


@sparsifying.cases
def cases(rng):
    def case(part, shapes, k, first=False, opposite=False):
        """A round; opposite: the residual takes back some of the update, and leaves zeros."""
        update = [rng.normal(size=shape) * rng.uniform(0.3, 3) for shape in shapes]
        residual = [(not first) * rng.normal(size=shape) for shape in shapes]
        for u, r in zip(update, residual, strict=True):
            if opposite:
                r.flat[::3] = -u.flat[::3]
        return Case(part, (update, residual, k))

    def tied(shapes):
        """Halves, with k in the middle of the most frequent magnitude; opposites cancel."""
        update = [np.round(3 * rng.normal(size=shape)) / 2 for shape in shapes]
        residual = [np.round(2 * rng.normal(size=shape)) / 2 for shape in shapes]
        sums = np.concatenate([(u + r).ravel() for u, r in zip(update, residual, strict=True)])
        _, counts = np.unique(-np.abs(sums[sums != 0]), return_counts=True)
        usual = int(np.argmax(counts))
        k = int(counts[:usual].sum() + counts[usual] // 2)
        return Case("equal magnitudes", (update, residual, k))

    network = [(3, 2), (2,), (2, 2, 2), (1,)]
    return [
        case("the first round, nothing kept yet", [(7,)], 3, first=True),
        case("the first round, nothing kept yet", [(2, 3), (3,)], 4, first=True),
        case("a later round", [(9,)], 2),
        case("a later round", [(3, 3), (3,)], 5),
        case("a later round", [(1,)], 1),
        case("several arrays", network, 6),
        case("several arrays", [(2,), (4, 5), (6,)], 9),
        case("several arrays", [(8,), (1, 3), (2, 2, 1)], 1),
        tied([(4, 4), (5,)]),
        tied([(6,), (3, 2)]),
        tied([(85,), (19, 4)]),
        case("nothing, or everything", [(3,), (2, 2)], 0),
        case("nothing, or everything", [(5,)], 0, first=True),
        case("nothing, or everything", [(2, 3), (2,)], 0),
        case("nothing, or everything", [(2, 2)], 4),
        case("nothing, or everything", [(3, 3), (4,)], 13, opposite=True),
        case("nothing, or everything", network, 40),
    ]


feedback = sparsifying.group("Error feedback")


@feedback.mistake(
    "You left the residual out: add it to the update before you choose, or what was held back is "
    "lost for good."
)
def residual_ignored(right, a):
    return right(residual=[np.zeros_like(r) for r in a.residual])


@feedback.mistake(
    "You chose by the update alone, and added the residual afterwards: a number that was held back "
    "in many rounds must be able to come up. Add first, then choose."
)
def chosen_before_adding(right, a):
    flat = np.concatenate([(u + r).ravel() for u, r in zip(a.update, a.residual, strict=True)])
    positions = right(residual=[np.zeros_like(r) for r in a.residual])[0]
    values = flat[positions]
    flat[positions] = 0
    return positions, values, _in_shapes(flat, a.update)


@feedback.mistake(
    "You chose by update plus residual, but sent the numbers of the update alone: send the sum."
)
def update_alone_sent(right, a):
    positions, _, kept = right()
    return positions, np.concatenate([u.ravel() for u in a.update])[positions], kept


@feedback.mistake(
    "You keep the old residual and what was not sent of the update apart, or add the residual "
    "twice: keep update plus residual, with zeros at the positions that were sent."
)
def residual_added_again(right, a):
    positions, values, kept = right()
    return positions, values, [k + r for k, r in zip(kept, a.residual, strict=True)]


@feedback.mistake(
    "You keep all of update plus residual, and what was sent is sent again: put zeros at the "
    "positions that were sent."
)
def sent_numbers_kept(right, a):
    positions, values, _ = right()
    return positions, values, [u + r for u, r in zip(a.update, a.residual, strict=True)]


@feedback.mistake("You keep nothing: what was not sent is the next residual.")
def nothing_kept(right, a):
    positions, values, kept = right()
    return positions, values, [np.zeros_like(array) for array in kept]


@feedback.mistake(
    "You keep what was not sent of the update, without the older residual: held back twice, it is "
    "lost."
)
def older_residual_lost(right, a):
    positions, values, _ = right()
    flat = np.concatenate([u.ravel() for u in a.update])
    flat[positions] = 0
    return positions, values, _in_shapes(flat, a.update)


choice = sparsifying.group("The choice")


def _by(key, last=False):
    """The right message, but with the numbers that come first by another key."""

    def sparsify(update, residual, k):
        flat = np.concatenate([(u + r).ravel() for u, r in zip(update, residual, strict=True)])
        order = np.argsort(key(flat)[:: -1 if last else 1], kind="stable")
        order = len(flat) - 1 - order if last else order
        positions = np.sort(order[:k])
        values = flat[positions]
        flat[positions] = 0
        return positions, values, _in_shapes(flat, update)

    return sparsify


@sparsifying.mistake(
    "You chose the largest numbers with their sign: a large negative one matters as much, so "
    "compare absolute values.",
    make=_by,
)
def signed(flat):
    return -flat


@sparsifying.mistake(
    "You chose the smallest numbers: sort by -np.abs(…), or take the end of the order.", make=_by
)
def the_smallest(flat):
    return np.abs(flat)


@sparsifying.mistake(
    "Among equal magnitudes you took the later ones: the statement asks for the lower position "
    "first, so sort -np.abs(…) with kind='stable'.",
    make=lambda key: _by(key, last=True),
)
def later_ones_of_equals(flat):
    return -np.abs(flat)


@choice.mistake(
    "You took k numbers of each array: k counts the numbers of the whole message, so lay all "
    "arrays end to end first."
)
def k_of_each_array(update, residual, k):
    places, values, kept, start = [], [], [], 0
    for u, r in zip(update, residual, strict=True):
        positions, sent, rest = sparsify([u], [r], k)
        places.append(positions + start)
        values.append(sent)
        kept += rest
        start += u.size
    return np.concatenate(places), np.concatenate(values), kept


@choice.mistake(
    "You sent every number that is as large as the k-th: among equals, only the lower positions "
    "are sent, k numbers in all."
)
def all_that_tie(update, residual, k):
    flat = np.concatenate([(u + r).ravel() for u, r in zip(update, residual, strict=True)])
    sizes = np.sort(np.abs(flat))[::-1]
    at_least = sizes[min(k, len(flat)) - 1] if k else np.inf
    positions = np.flatnonzero(np.abs(flat) >= at_least)
    values = flat[positions]
    flat[positions] = 0
    return positions, values, _in_shapes(flat, update)


@choice.mistake(
    "Your positions are in order of magnitude: return them in ascending order, and the values with "
    "them."
)
def in_order_of_magnitude(right, a):
    positions, values, kept = right()
    order = np.argsort(-np.abs(values), kind="stable")
    return positions[order], values[order], kept


@choice.mistake(
    "With k = 0 you sent everything: an array's last k numbers, [-k:], are all of them when k is 0."
)
def everything_for_none(right, a):
    return right(k=a.k or 10**6)


@choice.mistake("You returned magnitudes: send the numbers with their signs.")
def magnitudes(right, a):
    positions, values, kept = right()
    return positions, np.abs(values), kept


sparsifying.hints(
    "What is to be sent: the update, or the update and what was held back before?",
    "Add the residual, lay all arrays end to end, and sort by falling absolute value, stably. "
    "The first k positions, put in ascending order, are sent; zeros there give the next residual.",
    "np.argsort(-np.abs(flat), kind='stable')[:k], then np.sort. Cut the flat array at the "
    "cumulative sizes with np.split, and reshape each part.",
)
