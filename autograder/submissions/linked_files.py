"""Submissions that hold links: a collector may link to what was handed in instead of copying it.

A learner may have made a link, too, in an archive or a repository, to read what the grader can
read. So a link is followed only inside the folder around the course's (a collector's inbox is
there), and where every user of the machine may read; never into a folder of nbgrader's, another
submission, or a hidden folder. A line names each link inside a submission, followed or not.
What links lead to is copied, so that nothing downstream meets a link.
"""

from __future__ import annotations

import itertools
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.submissions.submission import NotGradable, submitted_notebooks
from autograder.submissions.untrusted_files import MAX_DEPTH, MAX_FILES, copy_files

MAX_LINKS = 200
STAGED_BYTES = 2**30
STAGED_FILES = 20_000


@dataclass(frozen=True)
class LinkRules:
    """Where links may lead.

    course: the course's folder. closed: names of folders that hold what is the course's or another
    learner's.
    """

    course: Path
    closed: frozenset[str]

    def refuse(self, target: Path, own: Path) -> str:
        """Return why a link to this resolved path is not followed, or "".

        own: the submission's folder.
        """
        if not target.exists():
            return "which is not there"
        if target.is_relative_to(own):
            return ""
        around = self.course.parent
        if not target.is_relative_to(around):
            return "" if _everybody_reads(target) else "which not everybody may read"
        parts = target.relative_to(around).parts
        loose = target.is_file() and (len(parts) == 1 or target.parent == self.course)
        hidden = any(part in self.closed or part.startswith(".") for part in parts)
        if hidden or loose or self.course.is_relative_to(target):
            return "which belongs to the course"
        return ""


def without_links(folder: Path, rules: LinkRules, staging: Path) -> tuple[Path, list[str]]:
    """Return a folder that holds what links in `folder` lead to, and a sentence for each link.

    That is `folder` itself if it has no links; else a copy in `staging`.

    Raises NotGradable when the folder is a link that is not followed.
    """
    if folder.is_symlink():
        target = _end_of(folder)
        why = rules.refuse(target, folder)
        if why:
            raise NotGradable(
                f"its folder is a link to {target}, {why}: put a copy there", names_file=True
            )
        folder = target
    links = list(itertools.islice(_links(folder, MAX_DEPTH), MAX_LINKS + 1))
    if not links:
        return folder, []
    shutil.rmtree(staging, ignore_errors=True)
    copy_files([folder], staging, max_bytes=STAGED_BYTES, max_files=STAGED_FILES)
    staging.mkdir(parents=True, exist_ok=True)
    for notebook in submitted_notebooks(folder):
        shutil.copyfile(notebook, staging / notebook.name)
    notes = []
    if len(links) > MAX_LINKS:
        notes.append(f"more than {MAX_LINKS} links were handed in, and the others were left out")
    left = STAGED_BYTES
    for link in links[:MAX_LINKS]:
        name, target = link.relative_to(folder), _end_of(link)
        why = rules.refuse(target, folder.resolve())
        if not why:
            left -= 0 if target.is_dir() else target.stat().st_size
            why = _take(target, staging / name) if left >= 0 else "and all links hold too much"
        notes.append(
            f"{name.as_posix()} is a link, not an ordinary file, and was left out: it leads to "
            f"{target}, {why}"
            if why
            else f"{name.as_posix()} is a link, and {target} was taken"
        )
    return staging, notes


def _end_of(link: Path) -> Path:
    """Return where a link leads; for one that leads to itself, a place that is not there."""
    try:
        return link.resolve()
    except (OSError, RuntimeError):
        return Path("/nowhere")


def _take(target: Path, place: Path) -> str:
    """Copy the file or folder that a link leads to; return why it was not copied, or ""."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            copy_files([target], place)
        elif stat.S_ISREG(target.stat().st_mode):
            shutil.copyfile(target, place)
        else:
            return "which is no file"
    except OSError as error:
        return f"which cannot be read ({error.strerror})"
    return ""


def _links(folder: Path, depth: int) -> Iterator[Path]:
    """Yield the links in a folder; of a folder with very many entries, only of the first ones."""
    try:
        with os.scandir(folder) as found:
            entries = list(itertools.islice(found, 2 * MAX_FILES))
    except OSError:
        return
    for entry in sorted(entries, key=lambda entry: entry.name):
        if entry.is_symlink():
            yield Path(entry.path)
        elif depth and entry.is_dir(follow_symlinks=False):
            yield from _links(Path(entry.path), depth - 1)


def _everybody_reads(path: Path) -> bool:
    """Return whether every user of the machine may read a file or folder, by its path."""
    try:
        mode = path.stat().st_mode
        wanted = stat.S_IROTH | (stat.S_IXOTH if stat.S_ISDIR(mode) else 0)
        open_above = all(parent.stat().st_mode & stat.S_IXOTH for parent in path.parents)
        return mode & wanted == wanted and open_above
    except OSError:
        return False
