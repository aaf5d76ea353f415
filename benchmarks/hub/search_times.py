"""Measure searches in a filled hub, without HTTP: `search_times.py DIR [COUNT]`."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles

from made_up_hub import PEOPLE, VOCABULARY, identity
from sqlalchemy.orm import sessionmaker

from lepton_hub.database import open_database, reading
from lepton_hub.search import SearchFilters, count_facets, search

KINDS = {
    "rare word": lambda chance: [chance.choice(VOCABULARY[2000:])],
    "common word": lambda chance: [chance.choice(VOCABULARY[:20])],
    "two words": lambda chance: [chance.choice(VOCABULARY[:300]), chance.choice(VOCABULARY[:300])],
    "beginning": lambda chance: [chance.choice(VOCABULARY[:1000])[:4]],
    "no word": lambda chance: [],
}


def main(folder: Path, count: int) -> None:
    """Print a line for each kind of search: how many are found, and the milliseconds it takes."""
    sessions = sessionmaker(reading(open_database(f"sqlite:///{folder / 'hub.sqlite'}")))
    people = identity().people
    print(
        "kind: found (mean); page p50, p95; facets p50, p95; processor time of both, p50, p95 [ms]"
    )
    for kind, words in KINDS.items():
        chance = random.Random(1)
        pages, counts, processor, found = [], [], [], 0
        for _ in range(count):
            person = people[chance.randrange(PEOPLE)]
            filters = SearchFilters(words(chance))
            with sessions.begin() as session:
                begun = time.process_time()
                pages.append(timed(lambda: search(session, person, filters, 21, None)))  # noqa: B023
                total = []
                counts.append(
                    timed(lambda: total.append(count_facets(session, person, filters)[0]))  # noqa: B023
                )
                processor.append((time.process_time() - begun) * 1000)
                found += total[0]
        shown = "; ".join(f"{p50(x):.1f}, {p95(x):.1f}" for x in (pages, counts, processor))
        print(f"{kind}: {found / count:.0f}; {shown}", flush=True)


def timed(work: Callable[[], object]) -> float:
    """Return how many milliseconds work takes."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def p50(values: list[float]) -> float:
    """Return the median."""
    return quantiles(values, n=2)[0]


def p95(values: list[float]) -> float:
    """Return what 95% are below."""
    return quantiles(values, n=20)[-1]


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 40)
