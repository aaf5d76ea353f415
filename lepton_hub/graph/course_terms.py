"""The course's modules and terms, and which terms a text mentions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path

from lepton_course.syllabus import PACKAGED, PLAN, SyllabusError, load_syllabus, read_yaml
from lepton_hub.search.word_forms import words_of

IN_CLONE = Path(__file__).resolve().parents[2] / "curriculum"
"""The hub runs from a clone, which contains the modules' plans with their terms."""

EVERYDAY = frozenset({
    "accuracy", "adam", "attention", "axis", "backbone", "bootstrap", "bubble", "buffer",
    "calibration", "channel", "checkpoint", "client", "composition", "deadlock", "depth", "edges",
    "epoch", "freezing", "head", "kernel", "key", "mask", "packing", "padding", "peeking",
    "personalisation", "pipeline", "power", "precision", "proxies", "pruning", "quarantine",
    "query", "rank", "readiness", "recall", "rehearsal", "rollback", "round", "scaling", "schema",
    "sensitivity", "sequence", "stride", "temperature", "throughput", "token", "unrolled",
    "value", "view", "width",
})  # fmt: skip
"""Terms that are also everyday words or names: a text means the course's term only if it mentions
another term of the same module."""


@dataclass(frozen=True)
class CourseModule:
    """A module of the course. id: such as basics/02_data_pipelines. terms: as its plan has them."""

    id: str
    title: str
    prerequisites: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()


@dataclass(frozen=True)
class CourseOutline:
    """The course's modules by id."""

    modules: Mapping[str, CourseModule] = field(default_factory=dict)

    @cached_property
    def spellings(self) -> dict[str, str]:
        """The spelling of each term by its key, from the first module that teaches it."""
        found: dict[str, str] = {}
        for module in self.modules.values():
            for term in module.terms:
                found.setdefault(term_key(term), term)
        return found

    @cached_property
    def taught_by(self) -> dict[str, list[str]]:
        """The ids of the modules that teach a term, by its key."""
        found: dict[str, list[str]] = {key: [] for key in self.spellings}
        for module in self.modules.values():
            for key in self.terms_of(module.id):
                found[key].append(module.id)
        return found

    def terms_of(self, module: str) -> list[str]:
        """Return the keys of the terms that a module teaches, in its order."""
        return list(dict.fromkeys(map(term_key, self.modules[module].terms)))

    @cached_property
    def fingerprint(self) -> str:
        """A fingerprint of the terms: it changes when texts may mention different ones."""
        content = [sorted(self.taught_by.items()), sorted(EVERYDAY)]
        return sha256(json.dumps(content).encode()).hexdigest()

    @cached_property
    def starts(self) -> dict[str, list[tuple[str, ...]]]:
        """The terms as word sequences, by their first word."""
        found: dict[str, list[tuple[str, ...]]] = {}
        for key in self.spellings:
            words = tuple(key.split())
            found.setdefault(words[0], []).append(words)
        return found

    def terms_in(self, text: str) -> set[str]:
        """Return the keys of the terms that a text mentions, in whole words.

        >>> module = CourseModule("m", "M", (), ("batch size",))
        >>> CourseOutline({"m": module}).terms_in("Batch-size 8")
        {'batch size'}
        """
        words = words_of(text)
        found = {
            " ".join(term)
            for place, word in enumerate(words)
            for term in self.starts.get(word, ())
            if tuple(words[place : place + len(term)]) == term
        }
        sure = {module for key in found - EVERYDAY for module in self.taught_by[key]}
        return {key for key in found if key not in EVERYDAY or sure & {*self.taught_by[key]}}

    def module_of(self, section: str) -> str | None:
        """Return the id of the module that a section belongs to.

        section: such as 02_data_pipelines/lesson.ipynb#Leakage, with or without the track before.
        """
        parts = section.partition("#")[0].split("/")
        for name in (parts[0], "/".join(parts[:2])):
            if name in self._folders:
                return self._folders[name]
        return None

    def sections_of(self, module: str) -> list[str]:
        """Return the prefixes of a module's section names."""
        return [name for name, id_ in self._folders.items() if id_ == module]

    @cached_property
    def _folders(self) -> dict[str, str]:
        return {name: id_ for id_ in self.modules for name in (id_, id_.rpartition("/")[2])}


def term_key(term: str) -> str:
    """Return a term's words normalised as for search.

    >>> term_key("Kolmogorov–Smirnov test")
    'kolmogorov smirnov test'
    """
    return " ".join(words_of(term))


@lru_cache
def load_course(folders: tuple[Path, ...] = (IN_CLONE, PACKAGED)) -> CourseOutline:
    """Return the course in the first folder that holds one; without one, no modules."""
    for folder in folders:
        try:
            return CourseOutline({module.id: module for module in _modules(folder)})
        except (SyllabusError, OSError):
            continue
    return CourseOutline()


def _modules(folder: Path) -> Iterator[CourseModule]:
    for module in load_syllabus(folder):
        plan = folder / module.id / PLAN
        terms = read_yaml(plan).get("terms", ()) if plan.is_file() else ()
        yield CourseModule(module.id, module.title, module.prerequisites, _usable(terms))


def _usable(terms: Iterable[object]) -> tuple[str, ...]:
    return tuple(term for term in map(str, terms) if term_key(term))
