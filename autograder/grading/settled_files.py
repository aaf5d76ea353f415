"""Settle, before anything runs, which of a submission's files count."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from autograder.classroom.course_folders import CourseFolders
from autograder.grading.recording import scratch_of
from autograder.submissions.linked_files import LinkRules, without_links
from autograder.submissions.untrusted_files import hash_contents, submitted_files

_STEPS = ("source", "release", "submitted", "autograded", "feedback")


@dataclass(frozen=True)
class SettledFiles:
    """A submission's folder without links, and what it holds.

    digest: of its files, notebooks not counted. notes: a sentence for each link, and for each
    kind of file that does not count.
    """

    folder: Path
    digest: str
    notes: tuple[str, ...]


def settle_files(folder: Path, own: Path, rules: LinkRules, staging: Path) -> SettledFiles:
    """Have links in a submission's folder replaced, and list what is left out of it.

    own: the course's files. staging: where a copy without links is made, if need be.

    Raises NotGradable when the folder is a link that is not followed.
    """
    plain, links = without_links(folder, rules, staging)
    files, left_out = submitted_files(plain, own)
    return SettledFiles(plain, hash_contents(files), (*links, *left_out))


def staging_folder(course: CourseFolders, student: str) -> Path:
    """Return where a copy of a student's files may be made while the batch is graded."""
    mark = hashlib.sha256(student.encode(errors="surrogateescape")).hexdigest()[:16]
    return scratch_of(course) / f"links-{mark}"


def link_rules(course: CourseFolders, assignment: str) -> LinkRules:
    """Return where links in a submission may lead."""
    directory = course.course_directory(assignment)
    steps = [Path(getattr(directory, f"{step}_directory")).name for step in _STEPS]
    names = {*steps, course.private.name, "attempts", "progress"}
    return LinkRules(course.root.resolve(), frozenset(names))
