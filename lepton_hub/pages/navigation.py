"""The navigation at the top of every page."""

from __future__ import annotations

from dataclasses import dataclass

from lepton_hub.identity.person import Person


@dataclass(frozen=True)
class NavigationEntry:
    """A navigation entry. for_admins: visible to administrators only."""

    path: str
    label: str
    for_admins: bool = False

    def is_current(self, path: str) -> bool:
        """Return whether a path, without the prefix, is this page or below it."""
        if self.path == "/pages/":
            return path == self.path
        return path == self.path or path.startswith(f"{self.path}/")


NAVIGATION: tuple[NavigationEntry, ...] = (
    NavigationEntry("/pages/", "Start"),
    NavigationEntry("/pages/items", "Items"),
    NavigationEntry("/pages/documents", "Documents"),
    NavigationEntry("/pages/discussions", "Discussions"),
    NavigationEntry("/pages/jobs", "Jobs"),
    NavigationEntry("/pages/digest", "What is new"),
    NavigationEntry("/pages/needs", "Learning needs"),
    NavigationEntry("/pages/graph", "Graph"),
    NavigationEntry("/pages/team", "My team"),
    NavigationEntry("/pages/administration", "Administration", for_admins=True),
)  # fmt: skip


def navigation_of(person: Person) -> list[NavigationEntry]:
    """Return the entries visible to a person."""
    return [entry for entry in NAVIGATION if person.admin or not entry.for_admins]
