"""Have a class use a team's hub at once: sign in, fetch, check, submit.

    sudo .venv/bin/python benchmarks/team/load.py --learners 1 10 30 --results load.json
    sudo .venv/bin/python benchmarks/team/load.py --learners 30 --arrival spread --results load.json
    .venv/bin/python benchmarks/team/load.py --draw benchmarks/team/load.png --results load.json

The hub is that of `make hub`, in a temporary folder, and each learner a made-up one who has never
signed in before. Needs root and `make install-team build`. Rounds are added to the results.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import Any

CLONE = Path(__file__).resolve().parents[2]
sys.path[:0] = [
    str(CLONE / place) for place in ("tests/support", "tests", "deploy/jupyterhub", "benchmarks")
]
sys.path.insert(0, str(CLONE))

from hub_usage import (  # noqa: E402
    available_mib,
    folder_mib,
    hub_processes,
    machine_seconds,
    memory_by_kind,
    processor_seconds,
    watching_the_hub,
)
from learner_session import STEPS, LearnerSession  # noqa: E402
from load_report import draw, tables  # noqa: E402
from team_hub import TeamHub, wait_for  # noqa: E402
from team_people import answers_of_the_course, submissions  # noqa: E402

from autograder.sandbox.linux import become_subreaper  # noqa: E402

MEMORY_OF_A_LEARNER = 600
"""MiB that must be free for each learner before a round begins."""


STOP_SECONDS = 60
"""How long a class's servers may take to end; what is there then was left behind."""


@dataclass(frozen=True)
class Arrival:
    """How a class arrives: within so many seconds, with a pause before each check."""

    name: str
    seconds: float
    pause: float


ARRIVALS = {"at-once": Arrival("at once", 1, 0), "spread": Arrival("over five minutes", 300, 5)}


@dataclass
class Visit:
    """What became of a learner's visit.

    seconds: of each step that was done. cpu: the learner's processor seconds after each.
    """

    name: str
    seconds: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    checks: list[float] = field(default_factory=list)
    failure: str = ""


def main() -> None:
    """Play the rounds that the command line asks for, and print all results."""
    options = _options()
    rounds = json.loads(options.results.read_text()) if options.results.exists() else []
    if options.learners:
        if os.geteuid() != 0:
            sys.exit("A hub whose users have accounts of their own needs root.")
        for result in play(options.learners, ARRIVALS[options.arrival]):
            rounds.append(result)
            options.results.write_text(json.dumps(rounds, indent=1), encoding="utf-8")
    print(tables(rounds))
    if options.draw:
        draw(rounds, options.draw)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--learners", type=int, nargs="*", default=[], help="one round for each")
    parser.add_argument("--arrival", choices=ARRIVALS, default="at-once")
    parser.add_argument("--results", type=Path, required=True, help="a JSON file of rounds")
    parser.add_argument("--draw", type=Path, help="a picture of the results")
    return parser.parse_args()


def play(sizes: Sequence[int], arrival: Arrival) -> Iterator[dict[str, Any]]:
    """Start a hub, have classes of these sizes use it one after the other; yield the results.

    One learner comes first and is not counted: files that all read are in memory then.
    """
    become_subreaper()
    classes = [[f"learner-{size}-{n}" for n in range(size)] for size in (1, *sizes)]
    classes[0] = ["first"]
    with tempfile.TemporaryDirectory(prefix="team-load-") as folder:
        names = [name for class_ in classes for name in class_]
        hub = TeamHub(Path(folder), learners=names)

        def end(*_: object) -> None:  # learners' threads would go on for minutes
            hub.end()
            shutil.rmtree(folder, ignore_errors=True)
            os._exit(1)

        signal.signal(signal.SIGTERM, end)
        try:
            hub.start()
            for class_ in classes:
                if available_mib() < MEMORY_OF_A_LEARNER * len(class_):
                    print(f"There is no memory for {len(class_)} learners now.", file=sys.stderr)
                    continue
                result = play_round(hub, class_, arrival)
                if class_ != classes[0]:
                    yield result
        finally:
            hub.end()


def play_round(hub: TeamHub, names: Sequence[str], arrival: Arrival) -> dict[str, Any]:
    """Have a class visit the hub; return what it took."""
    answers = answers_of_the_course()
    numbers = {hub.number(name): name for name in names}
    draws = random.Random(len(names))
    delays = sorted(draws.uniform(0, arrival.seconds) for _ in names)
    free, busy = available_mib(), machine_seconds()
    own, service = time.process_time(), _service_seconds(hub)
    began = time.monotonic()
    with watching_the_hub(hub.url) as seen, ThreadPoolExecutor(len(names)) as pool:
        tasks = [
            pool.submit(visit, hub, name, delay, arrival.pause, answers)
            for name, delay in zip(names, delays, strict=True)
        ]
        visits = [task.result() for task in tasks]
        seconds = time.monotonic() - began
    memory = memory_by_kind(hub_processes(hub.folders.root), numbers)
    learners = sum(processor_seconds(hub.folders.root, number) for number in numbers)
    service = {kind: used - service[kind] for kind, used in _service_seconds(hub).items()}
    client = time.process_time() - own
    ours = learners + sum(service.values()) + client
    result = {
        "arrival": arrival.name,
        "learners": len(names),
        "seconds": seconds,
        "steps": {step: [v.seconds[step] for v in visits if step in v.seconds] for step in STEPS},
        "checks": [check for v in visits for check in v.checks],
        "failures": Counter(v.failure for v in visits if v.failure),
        "cpu": cpu_by_step(visits),
        "service cpu": service,
        "client cpu": client,
        "cores of others": max(0.0, machine_seconds() - busy - ours) / seconds,
        "cores": os.cpu_count(),
        "memory": {kind: vars(used) for kind, used in memory.items()},
        "memory taken": free - seen.least_available,
        "slowest answer of the hub": seen.slowest_answer,
        "unanswered": seen.unanswered,
        "home": mean(folder_mib(hub.home(name)) for name in names),
        "submission": mean(
            sum(map(folder_mib, submissions(hub, name))) for name in names
        ),
    }  # fmt: skip
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda name: _stop(hub, name), names))
    with suppress(AssertionError):
        wait_for(lambda: not _of(hub, numbers), "end of the class", STOP_SECONDS)
    result["left behind"] = _of(hub, numbers)
    return result


def visit(hub: TeamHub, name: str, delay: float, pause: float, answers: Mapping[str, str]) -> Visit:
    """Arrive after `delay` seconds, and do all that a learner does; never raises."""
    found, number = Visit(name), hub.number(name)

    def after(step: str, seconds: float) -> None:
        found.seconds[step] = seconds
        found.cpu[step] = processor_seconds(hub.folders.root, number)

    time.sleep(delay)
    learner = LearnerSession(hub.url, name, after)
    try:
        learner.visit(dict(answers), pause)
        if len(submissions(hub, name)) != 1:
            found.failure = "told that it is submitted, and nothing is there"
    except Exception as error:
        step = next(step for step in STEPS if step not in found.seconds)
        found.failure = f"{step}: {type(error).__name__}: {error}"[:300]
    finally:
        learner.close()
    found.checks = learner.checks_seconds
    return found


def cpu_by_step(visits: Sequence[Visit]) -> dict[str, float]:
    """Return the processor seconds that each step took of a learner's programs, on average."""
    complete = [v for v in visits if not v.failure]
    found = {}
    for before, step in pairwise((None, *STEPS[1:])):  # signing in begins the start of the lab
        used = [v.cpu[step] - v.cpu.get(before, 0.0) for v in complete]
        found[step] = mean(used) if used else 0.0
    return found


def _service_seconds(hub: TeamHub) -> dict[str, float]:
    """Return the processor seconds so far of the hub and of its proxy."""
    found = {"hub": 0.0, "proxy": 0.0}
    for process in hub_processes(hub.folders.root):
        if process.kind in found:
            found[process.kind] += process.cpu_seconds
    return found


def _of(hub: TeamHub, numbers: Mapping[int, str]) -> list[str]:
    """Return what still runs of learners with these numbers."""
    return [p.kind for p in hub_processes(hub.folders.root) if p.owner in numbers]


def _stop(hub: TeamHub, name: str) -> None:
    learner = LearnerSession(hub.url, name, lambda *_: None)
    try:
        learner.sign_in()
        learner.stop_server()
    finally:
        learner.close()


if __name__ == "__main__":
    main()
