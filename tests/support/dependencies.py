"""Environments that hold what a package declares to need, and nothing else.

All of it is linked from the environment that runs the tests, where pip has installed the pinned
versions from the index.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def link_dependencies(requirements: Iterable[str], site_packages: Path) -> list[str]:
    """Link all that these requirements need, directly or not; return the names of it, sorted.

    Raises PackageNotFoundError when something is not installed here.
    """
    owners = Counter(top for found in distributions() for top in _tops(found))
    needed = _closure(requirements)
    for found in needed.values():
        links = {top if owners[top] == 1 else str(file) for top, file in _places(found)}
        for link in links:
            place = Path(os.path.normpath(site_packages / link))
            place.parent.mkdir(parents=True, exist_ok=True)
            source = Path(os.path.normpath(Path(str(found.locate_file("")), link)))
            if source.exists() and not place.exists():
                place.symlink_to(source)
    return sorted(needed)


def _closure(requirements: Iterable[str]) -> dict[str, Distribution]:
    """Return the distributions that these requirements need, by name."""
    seen: set[tuple[str, str]] = set()
    needed: dict[str, Distribution] = {}
    waiting = [(Requirement(line), "") for line in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        found = needed.setdefault(name, distribution(name))
        for wanted in {"", *requirement.extras}:
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                waiting += [(Requirement(line), wanted) for line in found.requires or ()]
    return needed


def _places(found: Distribution) -> Iterable[tuple[str, str]]:
    """Yield the first folder or the file itself, and the path, of each installed file."""
    for file in found.files or ():
        yield (file.parts[0] if file.parts[0] != ".." else str(file)), str(file)


def _tops(found: Distribution) -> set[str]:
    return {top for top, _ in _places(found)}
