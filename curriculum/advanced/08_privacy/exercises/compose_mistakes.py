"""More mistakes in `compose`, which is declared beside."""

from __future__ import annotations

import itertools
import math

from .compose import _epsilon, _ledger, compose, composing

ledgers = composing.group("The ledger")


@ledgers.mistake(
    "You grouped only releases that follow one another: those of one table may stand anywhere in "
    "the list, so sort by the table first, or keep a dictionary."
)
def neighbours_only(releases, delta):
    runs = itertools.groupby(releases, key=lambda release: release[0])
    return max((compose(list(run), delta) for _, run in runs), default=0.0)


@ledgers.mistake(
    "You kept an account for each mechanism: all releases of one table are about the same people, "
    "so their rho add up, whatever the noise."
)
def an_account_for_each_mechanism(releases, delta):
    return _ledger(releases, delta, key=lambda release: release[:2])


@ledgers.mistake(
    "You divided delta among the tables: nobody is in two of them, so the whole delta counts for "
    "each table."
)
def delta_divided(releases, delta):
    tables = len({table for table, *_ in releases})
    return _ledger(releases, delta, convert=lambda rho, d: _epsilon(rho, d / tables))


@ledgers.mistake(
    "You squared the sum of a table's losses: square sensitivity / scale of each release, and add "
    "up the squares."
)
def square_of_the_sum(releases, delta):
    return _ledger(
        releases,
        delta,
        cost=lambda loss: loss,
        convert=lambda total, d: _epsilon(total**2 / 2, d),
    )


@ledgers.mistake(
    "You left the sensitivity out: a release costs (sensitivity / scale)² / 2, and its plain loss "
    "is sensitivity / scale."
)
def sensitivity_forgotten(releases, delta):
    return compose([(table, kind, 1.0, scale) for table, kind, _, scale in releases], delta)


@ledgers.mistake(
    "You took the scale as a variance: it is Laplace's b or the standard deviation, so both the "
    "sensitivity and the scale are squared."
)
def scale_as_variance(releases, delta):
    # rho alone is changed: sensitivity² / scale, so that the plain sum stays right
    def rho(rows):
        return sum(s * s / b / 2 for _, _, s, b in rows)

    totals = [0.0]
    for table in {release[0] for release in releases}:
        rows = [release for release in releases if release[0] == table]
        total = _epsilon(rho(rows), delta)
        if all(kind == "laplace" for _, kind, _, _ in rows):
            total = min(total, sum(s / b for _, _, s, b in rows))
        totals.append(total)
    return max(totals)


plain = composing.group("The plain sum")


@plain.mistake(
    "You took the plain sum for a table with some Gaussian releases in it: it holds only where all "
    "of a table's releases are Laplace's."
)
def plain_where_any_is_laplace(releases, delta):
    return _ledger(releases, delta, is_pure=lambda kinds: "laplace" in kinds)


@plain.mistake(
    "You took the plain sum only where no table has a Gaussian release: decide for each table by "
    "itself, before you take the largest."
)
def plain_for_the_whole_list(releases, delta):
    pure = all(kind == "laplace" for _, kind, _, _ in releases)
    return _ledger(releases, delta, pure=pure)


@plain.mistake(
    "You divided a table with both kinds into its Laplace part, at its plain sum, and its Gaussian "
    "part: the rule here is one rho for all releases of such a table, converted once."
)
def mixed_table_divided(releases, delta):
    totals = [0.0]
    for table in {release[0] for release in releases}:
        rows = [release for release in releases if release[0] == table]
        losses = [(kind, s / b) for _, kind, s, b in rows]
        rest = sum(loss**2 / 2 for kind, loss in losses if kind == "gaussian")
        apart = sum(loss for kind, loss in losses if kind == "laplace") + _epsilon(rest, delta)
        totals.append(min(apart, compose(rows, delta)) if rest else compose(rows, delta))
    return max(totals)


@plain.mistake(
    "You took the smaller of the two for each release and added these up: first add up a table's "
    "rho, convert once, and then compare with the sum of sensitivity / scale."
)
def the_smaller_for_each_release(releases, delta):
    def cheapest(release):
        _, kind, sensitivity, scale = release
        loss = sensitivity / scale
        total = _epsilon(loss**2 / 2, delta)
        return min(total, loss) if kind == "laplace" else total

    tables = {release[0] for release in releases}
    return max((math.fsum(cheapest(r) for r in releases if r[0] == t) for t in tables), default=0.0)


@plain.mistake(
    "You left Laplace releases out of rho: they cost (sensitivity / scale)² / 2 like any other, "
    "beside Gaussian ones on the same table and where all of a table's releases are Laplace's."
)
def laplace_costs_no_rho(releases, delta):
    totals = [0.0]
    for table in {release[0] for release in releases}:
        losses = [(kind, s / b) for name, kind, s, b in releases if name == table]
        rest = [loss**2 / 2 for kind, loss in losses if kind == "gaussian"]
        totals.append(_epsilon(sum(rest), delta) if rest else sum(loss for _, loss in losses))
    return max(totals)
