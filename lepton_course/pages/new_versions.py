"""Find new versions of notebooks that the learner has changed, and show what is new in them.

`lepton learn` leaves a changed notebook alone and puts the new version beside it. nbdime shows
both side by side, cell by cell: in the learner's JupyterLab, which serves its pages, or by
`lepton changes`, which starts nbdime's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

_BESIDE = re.compile(r"^(?P<stem>.+) \(new version(?: (?P<number>\d+))?\)$")


@dataclass(frozen=True)
class Pair:
    """A learner's notebook and the newest version beside it, as paths within the workspace."""

    mine: str
    new: str


def pairs(folder: Path) -> list[Pair]:
    """Return all notebooks of the workspace `folder` that have a new version beside them."""
    newest: dict[str, tuple[int, str]] = {}
    for path in sorted(folder.rglob("* (new version*).ipynb")):
        found = _BESIDE.match(path.stem)
        mine = path.with_name(f"{found['stem']}.ipynb") if found else path
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if found is None or hidden or not mine.is_file():
            continue
        key = mine.relative_to(folder).as_posix()
        version = (int(found["number"] or 1), path.relative_to(folder).as_posix())
        newest[key] = max(newest.get(key, version), version)
    return [Pair(mine, new) for mine, (_, new) in sorted(newest.items())]


def side_by_side(folder: Path, pair: Pair) -> str | None:
    """Return the URL of nbdime's page in the JupyterLab that serves `folder`; None without one."""
    from jupyter_server.serverapp import list_running_servers

    for server in list_running_servers():
        root = Path(server["root_dir"]).resolve()
        if folder.resolve().is_relative_to(root):
            home = folder.resolve().relative_to(root)
            query = {
                "base": (home / pair.mine).as_posix(),
                "remote": (home / pair.new).as_posix(),
            }
            return f"{server['url']}nbdime/difftool?{urlencode(query)}"
    return None


def compare_command(folder: Path, pair: Pair, text: bool = False, colour: bool = True) -> list[str]:
    """Return the arguments for Python that show a pair: differences in sources, not in outputs.

    text: show them in the terminal rather than in a browser.
    """
    tool = "nbdiffapp" if text else "webapp.nbdiffweb"
    options = ["--sources", "--attachments", *(["--no-color"] if text and not colour else [])]
    files = [str(folder / pair.mine), str(folder / pair.new)]
    return ["-m", f"nbdime.{tool}", *options, *files]
