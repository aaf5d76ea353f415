"""Report a mistake in the course: a prefilled report, with versions and the cell's name.

Whoever runs the course sets the address, in the environment variable LEPTON_REPORT_URL of the
kernels: a page that takes reports, such as https://git.example.com/course/issues/new, or a mailto:
address. `{title}` and `{body}` in it are replaced; without them they are appended. Without an
address the report is a file, to hand in as one likes.

A report holds nothing about the learner: no name, no path, no answer.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import quote

SETTING = "LEPTON_REPORT_URL"

PACKAGES = ("torch", "tensorflow-cpu", "tensorflow", "keras", "numpy", "jupyterlab", "ipykernel")

FOLDER = "reports"


@dataclass(frozen=True)
class MistakeReport:
    """A report to be filled in. place: the module and its notebook; cell: "" for the text."""

    place: str
    cell: str
    versions: Mapping[str, str]

    @property
    def title(self) -> str:
        """One line that says where the mistake is."""
        return f"Mistake in {self.place}" + (f", {self.cell}" if self.cell else "")

    @property
    def body(self) -> str:
        """Return the report as Markdown, with places to write in."""
        where = f"`{self.cell}`" if self.cell else "(the heading above it)"
        used = "\n".join(f"- {name} {number}" for name, number in self.versions.items())
        return (
            f"**Where:** {self.place}, cell {where}\n\n"
            "**What is wrong:**\n\n\n"
            "**What you expected:**\n\n\n"
            f"**Versions**\n\n{used}\n"
        )

    def address(self, url: str) -> str:
        """Return the address that opens this report; `url` as in LEPTON_REPORT_URL."""
        title, body = quote(self.title, safe=""), quote(self.body, safe="")
        if "{title}" in url or "{body}" in url:
            return url.replace("{title}", title).replace("{body}", body)
        name = "subject" if url.startswith("mailto:") else "title"
        return f"{url}{'&' if '?' in url else '?'}{name}={title}&body={body}"


def versions_in_use() -> dict[str, str]:
    """Return the versions that matter to a report: of the course, Python, packages, the system."""
    from lepton_course import __version__

    found = {"lepton-course": __version__, "Python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return {**found, platform.system(): platform.machine()}


def report_links(module: str, cells: Sequence[tuple[str, str]], url: str) -> dict[str, str]:
    """Return what a notebook shows for reporting a mistake, in HTML and as text.

    cells: name and title of each exercise. url: as in LEPTON_REPORT_URL; without one, each link
    saves a file.
    """
    place, versions = _place(module), versions_in_use()
    links = []
    for name, title in (("", "in the text"), *cells):
        made = MistakeReport(place, name, versions)
        if url:
            target = f'href="{escape(made.address(url))}" target="_blank" rel="noopener"'
        else:
            data = quote(f"# {made.title}\n\n{made.body}")
            target = f'href="data:text/markdown;charset=utf-8,{data}" download="{_file_name(made)}"'
        links.append(f"<a {target}>{escape(title)}</a>")
    says = "opens a report" if url else "saves a report, to send to whoever gave you the course"
    return {
        "text/html": (
            f"<details><summary>Report a mistake</summary>Where is it? Each link {says}: "
            f"{' · '.join(links)}</details>"
        ),
        "text/plain": f"Report a mistake: {_CALL}",
    }


_CALL = 'from lepton_course import report_mistake; report_mistake("name of the cell")'


def report_mistake(cell: str = "") -> None:
    """Print the address that opens a prefilled report; without one, write the report to a file.

    cell: the exercise's name, or a heading; "" for the notebook as a whole. The file is made in the
    folder `reports` beside you, or in your workspace.
    """
    from lepton_course.checks.check import current_session
    from lepton_course.progress.database import find_workspace
    from lepton_course.workspace.install import write_atomically

    made = MistakeReport(_place(current_session().module), cell, versions_in_use())
    url = os.environ.get(SETTING, "").strip()
    if url:
        print(f"Report it here: {made.address(url)}")
        return
    file = (find_workspace() or Path.cwd()) / FOLDER / _file_name(made)
    write_atomically(file, f"# {made.title}\n\n{made.body}".encode())
    print(f"Fill in {file}, and send it to those who gave you the course.")


def _place(module: str) -> str:
    """Name the notebook: Jupyter tells a kernel its path, of which the last name is enough."""
    name = Path(os.environ.get("JPY_SESSION_NAME", "")).name
    main = sys.modules.get("__main__")
    name = name or Path(getattr(main, "__vsc_ipynb_file__", "")).name
    known = name if name in ("lesson.ipynb", "deeper.ipynb", "assignment.ipynb") else ""
    return f"{module}/{known}".rstrip("/")


def _file_name(made: MistakeReport) -> str:
    words = [*made.place.removesuffix(".ipynb").split("/"), made.cell]
    text = "-".join(filter(None, words))
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in text)[:100] + ".md"
