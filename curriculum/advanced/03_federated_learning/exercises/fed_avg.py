"""The server's average of one round, repaired: the exercise `fed_avg`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise

averaging = exercise(
    "fed_avg",
    title="Repair the server's average",
    points=3,
    difficulty=2,
    minutes=11,
    probe=Call(fresh=True),
    compare=replace(close(rtol=1e-5, atol=1e-6), same_dtype=True),
    read="lesson.ipynb#Federated-averaging,-by-hand",
)


@averaging.reference
def fed_avg(weights, updates, counts):
    """Return the server's new weights, a list of new arrays with shapes and dtypes of `weights`.

    weights: list of float arrays. updates: for each client a list of arrays of the same shapes, or
    None if it went offline. counts: int array (K,), the examples that each announced, 0 or more.
    Source: McMahan and others (2017), algorithm 1, over the clients that answered.
    """
    answers = [(n, u) for n, u in zip(counts, updates, strict=True) if u is not None and n > 0]
    if not answers:
        return [w.copy() for w in weights]
    shares, models = zip(*answers, strict=True)
    return [
        np.average(arrays, axis=0, weights=shares).astype(w.dtype)
        for w, arrays in zip(weights, zip(*models, strict=True), strict=True)
    ]


def _client_by_client(
    weights, updates, counts, *,
    share=lambda n: n, counted=lambda u: u is not None, of_offline=None, nobody=None, kind=None,
    skip=lambda n: n == 0,
):  # fmt: skip
    """The average with a loop over the clients, and any of the usual slips."""
    total = sum(share(n) for u, n in zip(updates, counts, strict=True) if counted(u))
    if total == 0 and nobody is None:
        return [w.copy() for w in weights]
    if total == 0:
        return nobody(weights)
    sums = [np.zeros(w.shape) for w in weights]
    for update, n in zip(updates, counts, strict=True):
        if update is None and of_offline is None or skip(n):
            continue
        arrays = weights if update is None else update
        with np.errstate(invalid="ignore"):  # 0 times infinity
            sums = [s + share(n) / total * a for s, a in zip(sums, arrays, strict=True)]
    return [s.astype(kind or w.dtype) for s, w in zip(sums, weights, strict=True)]


@averaging.alternative
def with_a_loop(weights, updates, counts):
    return _client_by_client(weights, updates, counts)


@averaging.alternative
def flat_in_torch(weights, updates, counts):
    kept = [k for k, update in enumerate(updates) if update is not None and counts[k]]
    if len(kept) == 0:
        return [np.array(w) for w in weights]
    shares = torch.tensor([float(counts[k]) for k in kept], dtype=torch.float64)
    rows = [np.concatenate([a.ravel() for a in updates[k]]) for k in kept]
    mean = (shares / shares.sum()) @ torch.tensor(np.array(rows, dtype=np.float64))
    pieces = mean.split([w.size for w in weights])
    return [
        p.numpy().reshape(w.shape).astype(w.dtype) for p, w in zip(pieces, weights, strict=True)
    ]


@averaging.cases
def cases(rng):
    def case(part, shapes, counts, offline=(), kind=np.float64, garbage=None):
        """A round in which the clients at the places `offline` do not answer.

        garbage: the number that clients without examples send; by default they send a model.
        """

        def model(spread):
            return [(spread * rng.normal(size=shape)).astype(kind) for shape in shapes]

        updates = [None if k in offline else model(1.5) for k in range(len(counts))]
        for update, n in zip(updates, counts, strict=True):
            if garbage is not None and n == 0 and update is not None:
                for array in update:
                    array[...] = garbage
        return Case(part, (model(1.0), updates, np.array(counts, dtype=np.int64)))

    def some(number, high=400):
        return [int(n) for n in rng.integers(1, high, number)]

    network = [(3, 4), (4,), (2, 2, 3), (1,)]
    return [
        case("every client answers", [(5,)], some(3)),
        case("every client answers", network, [1, 1, 3, 2]),
        case("every client answers", [(2, 3)], some(1)),
        case("every client answers", [(4,), (3, 1)], some(6)),
        case("a client went offline", [(3,)], [90, 300, 25], offline={1}),
        case("a client went offline", network, [7, 12, 3, 9, 30], offline={0, 3}),
        case("a client went offline", [(2, 2), (2,)], some(4, 60), offline={0, 1, 3}),
        case("a client without examples", [(4,)], [0, 33, 12], garbage=np.nan),
        case("a client without examples", network, [17, 0, 0, 5], garbage=np.inf),
        case("a client without examples", [(3, 2), (2,)], [8, 0, 21, 30], {2}),
        case("nobody to average", [(3,), (2, 2)], [5, 9], offline={0, 1}),
        case("nobody to average", [(2,)], [0, 0, 14], offline={2}, garbage=np.nan),
        case("nobody to average", network, [], kind=np.float32),
        case("single and double precision", [(3, 2), (2,)], some(3), kind=np.float32),
        case("single and double precision", network, some(5), offline={2}, kind=np.float32),
        case("single and double precision", [(4,)], some(2), kind=np.float64),
    ]


def _slipped(make):
    """An average with a slip: `make()` gives the slip's keywords."""

    def fed_avg(weights, updates, counts):
        return _client_by_client(weights, updates, counts, **make())

    return fed_avg


slips = averaging.group("Who counts, and how much", make=_slipped)


@slips.mistake(
    "You gave every client that answered the same weight: a client counts by its examples, so "
    "multiply by counts[k] and divide by the sum of the counts that take part."
)
def averaged_by_clients():
    return {"share": lambda n: min(n, 1)}


@slips.mistake(
    "The counts of clients that went offline stand in your divisor: they sent nothing, so the "
    "weights of the others must add up to 1 without them."
)
def offline_clients_counted():
    return {"counted": lambda update: True}


@slips.mistake(
    "You put the server's old weights in place of a client that went offline: it has no part in "
    "the average of this round."
)
def old_weights_for_the_offline():
    return {"counted": lambda update: True, "of_offline": True}


@slips.mistake(
    "A client without examples spoils your average: 0 times NaN is NaN. Leave it out before you "
    "multiply."
)
def zero_times_nan():
    return {"skip": lambda n: False}


@averaging.mistake(
    "You leave out clients that send NaN: those without examples may send other numbers, too, "
    "infinite ones or a whole model. What says that a client has no part is its count of 0."
)
def left_out_by_nan(weights, updates, counts):
    sound = [u is not None and not any(np.isnan(a).any() for a in u) for u in updates]
    kept = [u if good else None for u, good in zip(updates, sound, strict=True)]
    return _client_by_client(weights, kept, counts, skip=lambda n: False)


@averaging.mistake(
    "You took the offline clients out of the updates and not out of the counts: from the first of "
    "them on, each model is weighted by another client's examples. Leave out both together."
)
def counts_of_other_clients(right, a):
    came = [update for update in a.updates if update is not None]
    return right(updates=came, counts=a.counts[: len(came)])


@slips.mistake(
    "Your average of nobody is zero, and wipes out what was learned: without any client's answer "
    "the server keeps its weights."
)
def zeros_for_nobody():
    return {"nobody": lambda weights: [np.zeros_like(w) for w in weights]}


@averaging.mistake(
    "Your code fails or gives NaN when nobody answers: the counts add up to 0. Return copies of "
    "the server's weights."
)
def nobody_fails(weights, updates, counts):
    kept = [k for k, update in enumerate(updates) if update is not None and counts[k] > 0]
    total = sum(int(counts[k]) for k in kept)
    means = [sum(int(counts[k]) * updates[k][i] for k in kept) / total for i in range(len(weights))]
    return [mean.astype(w.dtype) for mean, w in zip(means, weights, strict=True)]


@averaging.mistake(
    "Your code fails or gives NaN when nobody answers: the counts add up to 0. Return copies of "
    "the server's weights.",
    name="sum of nothing",
)
def sum_of_nothing(weights, updates, counts):
    kept = [k for k, update in enumerate(updates) if update is not None and counts[k] > 0]
    total = sum(int(counts[k]) for k in kept)
    means = [sum(int(counts[k]) / total * updates[k][i] for k in kept) for i in range(len(weights))]
    return [mean.astype(w.dtype) for mean, w in zip(means, weights, strict=True)]


@averaging.mistake(
    "Your average is NaN when those that answer have no examples: their counts add up to 0, as if "
    "nobody had answered. Return copies of the server's weights then, too."
)
def answers_without_examples_fail(right, a):
    answered = np.array([update is not None for update in a.updates], dtype=bool)
    if answered.any() and a.counts[answered].sum() == 0:
        return [np.full_like(w, np.nan) for w in a.weights]
    return right()


@averaging.mistake(
    "You added the average to the server's weights: clients send weights here, not differences."
)
def added_to_the_old_weights(right, a):
    answered = any(u is not None and n for u, n in zip(a.updates, a.counts, strict=True))
    return [w + m if answered else m for w, m in zip(a.weights, right(), strict=True)]


@slips.mistake(
    "Your arrays are always float64: return each in the dtype of the server's array, "
    "with astype(w.dtype)."
)
def always_double():
    return {"kind": np.float64}


@averaging.mistake(
    "You return the average change, the clients' models minus the server's: the average of the "
    "models themselves is asked for."
)
def changes_averaged(right, a):
    answered = any(u is not None and n for u, n in zip(a.updates, a.counts, strict=True))
    return [m - w if answered else m for w, m in zip(a.weights, right(), strict=True)]


@averaging.mistake(
    "You averaged the first array alone: a model is a list of arrays, and each is averaged."
)
def the_first_array_alone(right, a):
    return right()[:1]


@averaging.mistake(
    "You took the middle between the server's weights and the average: the average replaces them."
)
def half_of_the_way(right, a):
    return [((w + m) / 2).astype(w.dtype) for w, m in zip(a.weights, right(), strict=True)]


averaging.hints(
    "Follow one client that went offline through the script: where does it still count?",
    "First collect the pairs of count and update that take part: an update came, and the count is "
    "above 0. If there are none, copy the weights. Otherwise divide each count by their sum.",
    "For each array of the model: add count / total times the client's array, in float64, and "
    "end with astype(w.dtype). Never write into the arrays that you were given.",
)
