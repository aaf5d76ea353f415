"""Labels dealt to clients by Dirichlet draws: the exercise `dirichlet_split`."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, exact, exercise

splitting = exercise(
    "dirichlet_split",
    title="Deal rows to clients",
    points=2,
    difficulty=3,
    minutes=10,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Data-that-differ",
)


@splitting.reference
def dirichlet_split(labels, clients, alpha, seed):
    """Return a list of `clients` int arrays: the rows of each, ascending, every row exactly once.

    labels: int array (N,). clients: int, at least 1. alpha: float above 0. seed: int. For each
    label, ascending, one Dirichlet draw of a default_rng(seed) says which fraction each gets.
    """
    rng = np.random.default_rng(seed)
    owners = np.empty_like(labels)
    for kind in np.unique(labels):
        rows = np.flatnonzero(labels == kind)
        fractions = rng.dirichlet(np.full(clients, alpha))
        ends = np.floor(len(rows) * np.cumsum(fractions[:-1]))
        owners[rows] = np.searchsorted(ends, np.arange(len(rows)), side="right")
    return [np.flatnonzero(owners == client) for client in range(clients)]


def _cut(
    labels, clients, alpha, seed, *, kinds=np.unique, cut=np.floor, once=False, order=sorted,
    fractions=lambda rng, clients, alpha: rng.dirichlet([alpha] * clients), last=True,
    generator=np.random.default_rng, mixed=False,
):  # fmt: skip
    """The split with np.split, and any of the usual slips."""
    rng = generator(seed)
    drawn = fractions(rng, clients, alpha)
    mine = [[] for _ in range(clients)]
    for place, label in enumerate(kinds(labels)):
        rows = np.flatnonzero(labels == label)
        if place and not once:
            drawn = fractions(rng, clients, alpha)
        if mixed:
            rows = rng.permutation(rows)
        ends = cut(np.cumsum(drawn) * len(rows)).astype(int)
        parts = np.split(rows, ends[:-1])
        if not last:
            parts[-1] = parts[-1][:-1]
        for client, part in enumerate(parts):
            mine[client].extend(part.tolist())
    return [np.array(order(rows), dtype=np.int64) for rows in mine]


@splitting.alternative
def with_np_split(labels, clients, alpha, seed):
    return _cut(labels, clients, alpha, seed)


@splitting.alternative
def row_by_row(labels, clients, alpha, seed):
    rng = np.random.default_rng(seed)
    shares = {label: rng.dirichlet(alpha * np.ones(clients)) for label in sorted(set(labels))}
    total = {label: int((labels == label).sum()) for label in shares}
    seen = dict.fromkeys(shares, 0)
    mine = [[] for _ in range(clients)]
    for row, label in enumerate(labels):
        client = 0
        end = shares[label][0]
        while client < clients - 1 and seen[label] >= int(total[label] * end):
            client += 1
            end = end + shares[label][client]
        mine[client].append(row)
        seen[label] += 1
    return [np.array(rows, dtype=np.int64) for rows in mine]


@splitting.cases
def cases(rng):
    def case(part, sizes, clients, alpha, names=None):
        """Mixed labels, sizes[i] of the i-th name."""
        names = rng.permutation(np.arange(-4, 12))[: len(sizes)] if names is None else names
        labels = np.repeat(np.array(names, dtype=np.int64), sizes)
        return Case(part, (rng.permutation(labels), clients, alpha, int(rng.integers(10_000))))

    return [
        case("two clients", [30, 41], 2, 1.5),
        case("two clients", [25, 18, 33], 2, 0.7),
        case("many clients", [60, 75, 48, 90], 7, 4.0),
        case("many clients", [50, 64, 71], 5, 0.8),
        case("many clients", [120, 99], 12, 25.0),
        case("clients that get nothing", [9, 14, 11], 6, 0.08),
        case("clients that get nothing", [1, 3, 2, 1], 8, 0.5),
        case("clients that get nothing", [], 3, 1.0, names=[]),
        case("a single client, or a single label", [7, 12, 5], 1, 0.4),
        case("a single client, or a single label", [37], 4, 2.2),
        case("a single client, or a single label", [1], 1, 0.9),
    ]


def slipped(make):
    """A split with a slip: `make()` gives the slip's keywords."""

    def dirichlet_split(labels, clients, alpha, seed):
        return _cut(labels, clients, alpha, seed, **make())

    return dirichlet_split


draws = splitting.group("The draws", make=slipped)


@draws.mistake(
    "All labels are divided alike, as when one draw serves for all, or the generator begins anew "
    "for each label: make one generator before the loop, and draw from it for each label."
)
def one_draw_for_all_labels():
    return {"once": True}


@draws.mistake(
    "You gave every client an equal part of each label: alpha must decide, so draw the fractions "
    "with rng.dirichlet([alpha] * clients)."
)
def equal_parts():
    return {"fractions": lambda rng, clients, alpha: np.full(clients, 1 / clients)}


@draws.mistake("You drew with 1 in place of alpha: the parameter is alpha for each of the clients.")
def alpha_ignored():
    return {"fractions": lambda rng, clients, alpha: rng.dirichlet([1.0] * clients)}


@draws.mistake(
    "You divided alpha by the number of clients: here each client's parameter is alpha itself."
)
def alpha_divided():
    return {"fractions": lambda rng, clients, alpha: rng.dirichlet([alpha / clients] * clients)}


@draws.mistake(
    "Your labels come in another order: the draws are made for the labels in ascending order, "
    "np.unique(labels)."
)
def labels_in_order_of_appearance():
    return {"kinds": lambda labels: list(dict.fromkeys(labels.tolist()))}


@splitting.mistake(
    "You drew for the labels 0, 1, 2, … up to the largest: labels may be any integers, some below "
    "0, and only those that occur get a draw."
)
def labels_counted_from_zero(labels, clients, alpha, seed):
    kinds = range(max(labels.tolist(), default=-1) + 1)
    return _cut(labels, clients, alpha, seed, kinds=lambda _: kinds)


@splitting.mistake(
    "You drew one distribution over the labels for each client: that says what a client's rows "
    "look like, but does not use each row exactly once. Draw over the clients, for each label."
)
def drawn_over_the_labels(labels, clients, alpha, seed):
    rng = np.random.default_rng(seed)
    kinds = np.unique(labels)
    shares = np.array([rng.dirichlet([alpha] * max(1, len(kinds))) for _ in range(clients)])
    mine = [[] for _ in range(clients)]
    for place, label in enumerate(kinds):
        rows = np.flatnonzero(labels == label)
        ends = np.floor(len(rows) * np.cumsum(shares[:, place] / shares[:, place].sum()))
        for client, part in enumerate(np.split(rows, ends[:-1].astype(int))):
            mine[client].extend(part.tolist())
    return [np.array(sorted(rows), dtype=np.int64) for rows in mine]


cuts = splitting.group("The cuts", make=slipped)


@cuts.mistake(
    "You rounded the cuts to the nearest row: the statement rounds down, with np.floor or "
    "astype(int)."
)
def cuts_rounded():
    return {"cut": np.round}


@splitting.mistake(
    "You rounded each client's number of rows down and cut one after the other: then rows are left "
    "over and go to the last client. Round the cumulative sum."
)
def numbers_rounded_one_by_one(labels, clients, alpha, seed):
    rng = np.random.default_rng(seed)
    mine = [[] for _ in range(clients)]
    for kind in np.unique(labels):
        rows = np.flatnonzero(labels == kind)
        numbers = (rng.dirichlet([alpha] * clients) * len(rows)).astype(int)
        for client, part in enumerate(np.split(rows, np.cumsum(numbers)[:-1])):
            mine[client].extend(part.tolist())
    return [np.array(sorted(rows), dtype=np.int64) for rows in mine]


@cuts.mistake(
    "The last row of each label belongs to nobody: the last client gets all rows that remain."
)
def last_row_lost():
    return {"last": False}


@cuts.mistake(
    "Your rows stand label after label: sort each client's rows in ascending order, with np.sort."
)
def not_sorted():
    return {"order": list}


@splitting.mistake(
    "You left out clients that get no rows: the list has one array for each client, if need be an "
    "empty one of integers."
)
def empty_clients_left_out(right, a):
    return [rows for rows in right() if len(rows)]


@splitting.mistake(
    "Your empty arrays hold floats: np.array([]) is one. Give it dtype=int, or use np.flatnonzero."
)
def empty_arrays_of_floats(right, a):
    return [rows if len(rows) else np.array([]) for rows in right()]


@splitting.mistake("You returned labels: return the row numbers, the positions in labels.")
def labels_in_place_of_rows(right, a):
    return [a.labels[rows] for rows in right()]


splitting.hints(
    "Take one label: which rows have it, and where would you cut their list?",
    "One generator for all. For each label of np.unique(labels): the rows, one draw over the "
    "clients, its cumulative sum times the number of rows, rounded down, as the places to cut.",
    "np.split(rows, ends[:-1].astype(int)) gives one part for each client, the last with all that "
    "remain. Collect the parts by client and sort them at the end; an empty one stays an int "
    "array.",
)
