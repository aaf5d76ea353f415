"""Measure the hub side by side with other services, as many users at once.

    python benchmarks/hub/load.py FOLDER [--flask PATH/bin/python] [--mlflow PATH/bin/mlflow]
                                  [--users 10 100 1000] [--think 1] [--turns 2]

Compared are the hub, formgrader of the installed nbgrader, and where told: the Flask sketch, with
an interpreter that has flask and waitress, and MLflow's server. Each is filled in FOLDER the first
time. All run at once, on one core, and are measured in turns; the users have the other cores. A
service's processor time and memory are those of its process tree.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles

from load_services import Service, end_in_order, flask_sketch, formgrader, hub, mlflow
from load_users import LoadRound, Measured, RoundPlan, one_by_one

KINDS = ("list", "one", "search", "write")
CROWD = 500
"""From so many users on, a round is longer: all are answered late, so the queue must grow first."""


def plan_of(users: int, told: argparse.Namespace) -> RoundPlan:
    """Return how a round of so many users goes."""
    longer = 2 if users >= CROWD else 1
    return RoundPlan(told.think, longer * told.warm_up, longer * told.seconds)


def services_of(told: argparse.Namespace) -> list[Service]:
    """Return the services that are compared, filled."""
    place = told.folder.resolve()
    found = [hub(place / "hub", told.items, told.documents)]
    if told.flask:
        found.append(flask_sketch(place / "flask", told.flask, told.items, told.documents))
    if told.mlflow:
        program = Path(told.mlflow).absolute()
        found.append(mlflow(place / "mlflow", program, told.items))
    return [*found, formgrader(place / "formgrader")]


def load_table(found: dict[tuple[str, int], Measured]) -> Iterator[str]:
    """Yield the lines of the table of rounds."""
    yield (
        "| service | users | requests a second | processor time each | "
        + " | ".join(f"{kind}: p50, p95, p99" for kind in KINDS)
        + " | told to wait | failed | memory |"
    )
    yield "|---|---:|---:|---:|" + "---:|" * len(KINDS) + "---:|---:|---:|"
    order = {name: place for place, (name, _) in reversed(list(enumerate(found)))}
    for (name, users), one in sorted(found.items(), key=lambda pair: order[pair[0][0]]):
        each = f"{one.processor_seconds / one.answered * 1000:.1f} ms" if one.answered else "–"
        failed = sum(one.failures.values())
        kinds = ", ".join(f"{n} {what}" for what, n in one.failures.most_common())
        cells = (
            f"{name} | {users:,} | {one.answered / one.seconds:.1f} | {each}",
            *(percentiles(one.waits.get(kind, ())) for kind in KINDS),
            f"{one.postponed} | {failed}{f' ({kinds})' if failed else ''} | {one.mib:.0f} MiB",
        )
        yield f"| {' | '.join(cells)} |"


def percentiles(seconds: Sequence[float]) -> str:
    """Return what half, 95% and 99% of some durations are below."""
    if len(seconds) < 2:
        return "–"
    cut = quantiles(seconds, n=100, method="inclusive")
    return ", ".join(duration(cut[place]) for place in (49, 94, 98))


def duration(seconds: float) -> str:
    """Return a duration in milliseconds, or in seconds from one on."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def measure(told: argparse.Namespace) -> None:
    """Print the tables, of what there is if this is ended early."""
    services = services_of(told)
    cores = sorted(os.sched_getaffinity(0))
    theirs, ours = ({cores[0]}, set(cores[1:])) if len(cores) > 1 else (set(cores), set(cores))
    os.sched_setaffinity(0, ours)
    found: dict[tuple[str, int], Measured] = {}
    alone: dict[str, dict[str, float]] = defaultdict(dict)
    try:
        with ExitStack() as stack:
            running = [(one, *stack.enter_context(one.started(theirs))) for one in services]
            for service, pid, address in running:
                kinds = tuple(kind for kind in KINDS if kind != "search" or service.searches)
                some = service.users(10)
                for _ in one_by_one(address, pid, some, kinds, told.alone / 4):
                    pass  # the first requests also load what all need
                alone[service.name] = dict(one_by_one(address, pid, some, kinds, told.alone))
            for turn in range(told.turns):
                for users in told.users:
                    for service, pid, address in running:
                        print(f"turn {turn + 1}: {users} of {service.name}", file=sys.stderr)
                        one = LoadRound(address, pid, plan_of(users, told))
                        came = asyncio.run(one.run(service.users(users)))
                        found.setdefault((service.name, users), Measured()).add(came)
    finally:
        print("\n".join((*load_table(found), "", *alone_table(alone))))


def alone_table(alone: dict[str, dict[str, float]]) -> Iterator[str]:
    """Yield the lines of the table of requests one after the other."""
    yield f"| processor time of one request alone | {' | '.join(KINDS)} |"
    yield "|---|" + "---:|" * len(KINDS)
    for name, times in alone.items():
        cells = (f"{times[kind]:.1f} ms" if kind in times else "–" for kind in KINDS)
        yield f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Read what is told, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--flask", help="an interpreter that has flask and waitress")
    parser.add_argument("--mlflow", help="MLflow's program, in an environment of its own")
    parser.add_argument("--users", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--think", type=float, default=1.0, help="mean seconds after an answer")
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--warm-up", type=float, default=3.0, help="seconds that do not count")
    parser.add_argument("--seconds", type=float, default=6.0, help="that a round counts")
    parser.add_argument("--alone", type=float, default=2.0, help="seconds for each kind alone")
    parser.add_argument("--items", type=int, default=2_000)
    parser.add_argument("--documents", type=int, default=18_000)
    end_in_order()
    measure(parser.parse_args())


if __name__ == "__main__":
    main()
