"""The cast of the made-up content: people who sign in, and colleagues who never do."""

from __future__ import annotations

from lepton_hub.identity.made_up import PEOPLE
from lepton_hub.identity.person import Person, person_of

ADA, BOSE, CURIE = (person_of(name, PEOPLE[name]) for name in ("ada", "bose", "curie"))

_ENGINES = ("babbage", "boole", "hamilton", "hopper", "jacquard", "kilburn")
_PARTICLES = ("dirac", "fermi", "joliot", "meitner", "noether", "raman", "wu")


def _colleague(name: str, team: str, organisation: str) -> Person:
    return Person(f"made-up-{name}", frozenset({team}), organisation)


COLLEAGUES: tuple[Person, ...] = (
    *(_colleague(name, "engines", "analytical") for name in _ENGINES),
    *(_colleague(name, "particles", "quantum") for name in _PARTICLES),
)
"""They answer the survey and use items, so that there are sums and recommendations to show."""
