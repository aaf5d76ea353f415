"""A ledger of what several releases cost together: the exercise `compose`."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import as_int

composing = exercise(
    "compose",
    title="A ledger of privacy losses",
    points=3,
    difficulty=3,
    minutes=13,
    probe=Call(),
    compare=close(rtol=1e-6, atol=1e-9),
    read="lesson.ipynb#Composition-and-the-budget",
    forms=[as_int()],
)


@composing.reference
def compose(releases, delta):
    """Return the epsilon, a float, that all releases together keep for everybody, with `delta`.

    releases: list of (table, mechanism, sensitivity, scale), two strings and two floats; nobody
    is in two tables; mechanism is "laplace" or "gaussian".
    Source: Bun and Steinke (2016), propositions 1.3, 1.4 and 1.6.
    """
    rho = defaultdict(float)
    pure = defaultdict(float)
    for table, mechanism, sensitivity, scale in releases:
        loss = sensitivity / scale
        rho[table] += loss**2 / 2
        pure[table] += loss if mechanism == "laplace" else math.inf
    return max((min(_epsilon(rho[table], delta), pure[table]) for table in rho), default=0.0)


def _epsilon(rho, delta):
    return rho + 2 * math.sqrt(-rho * math.log(delta))


def _ledger(
    releases, delta, *, cost=lambda loss: loss**2 / 2, convert=_epsilon, over=max, pure=True,
    key=lambda release: release[0], is_pure=lambda kinds: kinds == {"laplace"},
):  # fmt: skip
    """The ledger table by table, with any of the usual slips."""
    totals = []
    for _, group in itertools.groupby(sorted(releases, key=key), key=key):
        rows = list(group)
        losses = [sensitivity / scale for _, _, sensitivity, scale in rows]
        total = convert(sum(cost(loss) for loss in losses), delta)
        if pure and is_pure({row[1] for row in rows}):
            total = min(total, sum(losses))
        totals.append(total)
    return float(over(totals)) if totals else 0.0


@composing.alternative
def table_by_table(releases, delta):
    return _ledger(releases, delta)


@composing.alternative
def as_a_square(releases, delta):
    """rho + 2 sqrt(rho L) is (sqrt(rho) + sqrt(L))² - L."""
    length = -math.log(delta)
    found = [0.0]
    for name in {release[0] for release in releases}:
        mine = [release for release in releases if release[0] == name]
        rho = sum(0.5 * (s / b) * (s / b) for _, _, s, b in mine)
        candidates = [(math.sqrt(rho) + math.sqrt(length)) ** 2 - length]
        if not any(kind == "gaussian" for _, kind, _, _ in mine):
            candidates.append(sum(s / b for _, _, s, b in mine))
        found.append(min(candidates))
    return max(found)


@composing.cases
def cases(rng):
    def draw(table, mechanism, low, high):
        """One release whose sensitivity over scale lies between low and high."""
        sensitivity = float(rng.uniform(0.3, 4.0))
        return table, mechanism, sensitivity, sensitivity / float(rng.uniform(low, high))

    def many(number, *release):
        return [draw(*release) for _ in range(number)]

    def mixed(*lists):
        rows = [row for rows in lists for row in rows]
        return [rows[place] for place in rng.permutation(len(rows))]

    return [
        Case("one table, Gaussian noise", (many(1, "wards", "gaussian", 0.2, 0.6), 1e-5)),
        Case("one table, Gaussian noise", (many(7, "wards", "gaussian", 0.05, 1.2), 3e-4)),
        Case("one table, Laplace noise", (many(3, "visits", "laplace", 0.1, 0.5), 1e-6)),
        Case("one table, Laplace noise", (many(60, "visits", "laplace", 0.1, 0.25), 2e-3)),
        Case(
            "one table, both kinds",
            (
                mixed(many(2, "a", "gaussian", 0.2, 0.4), many(3, "a", "laplace", 0.02, 0.3)),
                1e-5,
            ),
        ),
        Case(
            "one table, both kinds",
            (
                mixed(many(1, "b", "gaussian", 0.1, 0.2), many(2, "b", "laplace", 0.4, 0.7)),
                3e-4,
            ),
        ),
        Case(
            "several tables",
            (
                mixed(
                    many(4, "north", "laplace", 0.1, 0.3),
                    many(3, "south", "gaussian", 0.3, 0.5),
                    many(2, "east", "gaussian", 0.1, 0.2),
                ),
                1e-4,
            ),
        ),
        Case(
            "several tables",
            (
                mixed(
                    many(2, "b", "laplace", 0.9, 1.4),
                    many(2, "a", "gaussian", 0.02, 0.05),
                    many(1, "c", "laplace", 0.2, 0.3),
                ),
                0.05,
            ),
        ),
        Case(
            "several tables",  # one after the other, so that no two of one table are neighbours
            (
                [
                    release
                    for both in zip(
                        many(4, "east", "gaussian", 0.3, 0.5),
                        many(4, "west", "laplace", 0.02, 0.1),
                        strict=True,
                    )
                    for release in both
                ],
                2e-5,
            ),
        ),
        Case("several tables", ([], 1e-5)),
    ]


tables = composing.group("Tables")


@tables.mistake(
    "You added up the losses of different tables: nobody is in two of them, so the largest counts."
)
def tables_added(releases, delta):
    return _ledger(releases, delta, over=sum)


@tables.mistake(
    "You put all releases into one account: only those of the same table add up, and the largest "
    "total over the tables counts."
)
def one_account(releases, delta):
    return _ledger(releases, delta, key=lambda release: "")


@tables.mistake(
    "Your epsilon is below that of the worst table, as when the smallest or the mean is taken: the "
    "promise must hold for everybody, so the largest over the tables counts."
)
def the_luckiest_table(releases, delta):
    return _ledger(releases, delta, over=min)


@tables.mistake(
    "You took the largest release of a table: whoever is in the table pays for all of its releases."
)
def the_largest_release(releases, delta):
    return max((compose([release], delta) for release in releases), default=0.0)


@tables.mistake(
    "Your code fails without any release: nothing was released, so the answer is 0.0 "
    "(max takes default=0.0)."
)
def no_release_fails(releases, delta):
    return max(compose([r for r in releases if r[0] == t], delta) for t in {r[0] for r in releases})


accounts = composing.group("The account of a table", read="lesson.ipynb#The-accountant")


@accounts.mistake(
    "You converted each release to epsilon and added these up: add up rho, and convert once."
)
def converted_one_by_one(releases, delta):
    return _ledger(
        releases, delta, cost=lambda loss: _epsilon(loss**2 / 2, delta), convert=lambda e, _: e
    )


@accounts.mistake("Your rho lacks the square: a release costs (sensitivity / scale)² / 2.")
def rho_not_squared(releases, delta):
    return _ledger(releases, delta, cost=lambda loss: loss / 2)


@accounts.mistake("Your rho lacks the half: a release costs (sensitivity / scale)² / 2.")
def rho_not_halved(releases, delta):
    return _ledger(releases, delta, cost=lambda loss: loss**2)


@accounts.mistake("You used a logarithm to base 10: the conversion takes the natural one.")
def base_ten(releases, delta):
    return _ledger(
        releases, delta, convert=lambda rho, d: rho + 2 * math.sqrt(rho * math.log10(1 / d))
    )


@accounts.mistake("You forgot the term rho of the conversion: rho + 2 sqrt(rho ln(1 / delta)).")
def root_alone(releases, delta):
    return _ledger(releases, delta, convert=lambda rho, d: 2 * math.sqrt(rho * math.log(1 / d)))


@accounts.mistake("You forgot the factor 2 before the root: rho + 2 sqrt(rho ln(1 / delta)).")
def root_once(releases, delta):
    return _ledger(releases, delta, convert=lambda rho, d: rho + math.sqrt(rho * math.log(1 / d)))


pure = composing.group("Laplace alone")


@pure.mistake(
    "You converted rho where a plain sum is better: if a table has Laplace releases only, the sum "
    "of sensitivity / scale holds as well, and the smaller of the two counts."
)
def never_the_plain_sum(releases, delta):
    return _ledger(releases, delta, pure=False)


@pure.mistake(
    "You took the plain sum for every table of Laplace releases: for many small ones the converted "
    "rho is smaller, and the smaller of the two counts."
)
def always_the_plain_sum(releases, delta):
    kinds = defaultdict(set)
    for table, kind, _, _ in releases:
        kinds[table].add(kind)
    return max(
        (
            sum(s / b for t, _, s, b in releases if t == table)
            if mine == {"laplace"}
            else compose([r for r in releases if r[0] == table], delta)
            for table, mine in kinds.items()
        ),
        default=0.0,
    )


@pure.mistake(
    "You took the plain sum for Gaussian releases, too: without a delta, Gaussian noise promises "
    "nothing, so it holds for tables with Laplace releases alone."
)
def the_plain_sum_for_all(releases, delta):
    return _ledger(releases, delta, is_pure=lambda kinds: True)


composing.hints(
    "Keep an account for each table: its rho, and the plain sum of sensitivity / scale.",
    "rho adds up within a table and is converted once, at the end. A table without Gaussian "
    "releases may take the plain sum if that is smaller. The largest table is the answer.",
    "rho[table] += (sensitivity / scale) ** 2 / 2; epsilon = rho + 2 * math.sqrt(rho * "
    "math.log(1 / delta)); min with the sum where all are Laplace; max over tables, default=0.0.",
)
