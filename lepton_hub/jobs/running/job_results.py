"""A job's inputs and results in the catalogue: the versions it reads, and the one it creates."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from sqlalchemy import select
from sqlalchemy.orm import Session

from lepton_hub.audit import append
from lepton_hub.catalogue.cards import NewVersion
from lepton_hub.catalogue.contents import SeenContents, keep_contents
from lepton_hub.catalogue.items import NotVisible, card_of, existing, find_item, lock_item
from lepton_hub.catalogue.pickles import HEAD, is_pickle
from lepton_hub.catalogue.tables import SharedItem, Version
from lepton_hub.catalogue.versions import StoredFile, add_version, find_version
from lepton_hub.identity.person import Person
from lepton_hub.jobs.job_queue import JobLease, finish_job, held_job
from lepton_hub.jobs.job_tables import ComputeJob
from lepton_hub.jobs.job_types import JobState
from lepton_hub.jobs.running.job_folder import GivenFile
from lepton_hub.jobs.running.job_rooms import ProgramTask
from lepton_hub.jobs.running.left_files import LeftFile
from lepton_hub.permissions import Action
from lepton_hub.storage import BlobStore


@dataclass(frozen=True)
class GivenVersion:
    """A version provided to a job: its name, files and metadata."""

    reference: str
    files: list[GivenFile]
    told: dict[str, object]


@dataclass(frozen=True)
class JobPlan:
    """What a worker needs to run a job."""

    program: GivenVersion
    inputs: list[GivenVersion]
    path: str
    parameters: dict[str, object]
    processors: int
    memory_bytes: int
    seconds: int

    def task(self, file_bytes: int) -> ProgramTask:
        """Return the task to run. file_bytes: the limit on what it writes."""
        return ProgramTask(
            self.path,
            self.parameters,
            self.processors,
            self.seconds,
            self.memory_bytes,
            file_bytes,
        )

    @property
    def size(self) -> int:
        """The total bytes of its files."""
        return sum(file.size for given in (self.program, *self.inputs) for file in given.files)


def plan_of(session: Session, job: ComputeJob, person: Person) -> JobPlan:
    """Return a job's plan, from what a person may see now. Raises NotVisible.

    The reads are recorded in the audit log.
    """
    needed = [(job.program_id, job.program_version)]
    needed += [(one.item_id, one.version) for one in job.inputs]
    given = [_given(session, person, *one) for one in needed]
    for reference in dict.fromkeys(one.reference for one in given):
        append(
            session,
            actor=person.name,
            action="version.use",
            subject=reference,
            detail={"job": job.public_id},
        )
    return JobPlan(
        given[0], given[1:], job.path, job.parameters, job.processors, job.memory_bytes, job.seconds
    )


def store_files(
    store: BlobStore, files: Sequence[LeftFile], check: Callable[[], None] = lambda: None
) -> tuple[list[StoredFile], list[str]]:
    """Store the files a job left; return a message for each one left out.

    check: called repeatedly; it raises to abort. Raises OSError, StorageError.
    """
    stored, left_out = [], []
    for file in files:
        pieces = _checked(file.pieces(), check)
        first = next(pieces, b"")
        if is_pickle(file.path, first[:HEAD]):
            left_out.append(f"{file.path}: a pickle, which can run code when opened")
            continue
        blob = store.write(chain([first], pieces))
        kind = mimetypes.guess_type(file.path)[0] or "application/octet-stream"
        stored.append(StoredFile(file.path, blob.sha256, blob.size, kind))
    return stored, left_out


def _checked(pieces: Iterator[bytes], check: Callable[[], None]) -> Iterator[bytes]:
    for piece in pieces:
        check()
        yield piece


def ending_job(session: Session, lease: JobLease) -> ComputeJob:
    """Return a job about to deliver results and the item for them, both locked.

    The item is locked first, as in its deletion. Raises LeaseLost.
    """
    of_job = select(ComputeJob.result_id).where(ComputeJob.id == lease.job_id)
    item = session.scalars(select(SharedItem).where(SharedItem.id == of_job.scalar_subquery()))
    with suppress(NotVisible):  # the job was cancelled then, which is reported below
        lock_item(session, item.one())
    return held_job(session, lease)


def succeed(
    session: Session,
    seen: SeenContents,
    lease: JobLease,
    person: Person,
    moment: datetime,
) -> None:
    """Create a version from a job's results and end the job, in one transaction.

    Raises LeaseLost; NotVisible or NotAllowed if the person may no longer add to the item;
    UploadProblem if a content is gone.
    """
    job = ending_job(session, lease) if seen.files else held_job(session, lease)
    if seen.files:
        job.result_version = _add_result(session, seen, job, person)
    finish_job(session, lease, JobState.SUCCEEDED, "", moment)


def _add_result(session: Session, seen: SeenContents, job: ComputeJob, person: Person) -> int:
    files = seen.files
    item = find_item(session, person, *_named(session, job.result_id), Action.ADD_VERSION)
    sources = [(job.program_id, job.program_version)]
    sources += [(one.item_id, one.version) for one in job.inputs]
    told = NewVersion.model_construct(
        files=[],
        note="",
        columns=[],
        made_from=_still_there(session, person, sources),
        made_with=f"job {job.public_id}",
    )
    version, _ = add_version(session, person, item, told, files)
    keep_contents(session, seen, [])
    reference = f"{item.reference}@{version.number}"
    size = sum(file.size for file in files)
    facts = {"digest": version.digest, "files": len(files), "bytes": size, "job": job.public_id}
    append(session, actor=person.name, action="version.add", subject=reference, detail=facts)
    return version.number


def _still_there(
    session: Session, person: Person, versions: Sequence[tuple[int, int]]
) -> list[str]:
    """Return the names of those versions that a person may still see."""
    found = []
    for item_id, number in dict.fromkeys(versions):
        query = (
            existing(person)
            .join(Version, Version.item_id == SharedItem.id)
            .where(SharedItem.id == item_id, Version.number == number)
        )
        found += [f"{item.reference}@{number}" for item in session.scalars(query)]
    return found


def _given(session: Session, person: Person, item_id: int, number: int) -> GivenVersion:
    item = find_item(session, person, *_named(session, item_id), Action.VIEW)
    version = find_version(session, item, number)
    files = [
        {"path": f.path, "sha256": f.sha256, "size": f.size, "media_type": f.media_type}
        for f in version.files
    ]
    reference = f"{item.reference}@{number}"
    told = {"reference": reference, "number": number, "files": files, "columns": version.columns}
    card = card_of(item).model_dump(mode="json")
    return GivenVersion(
        reference,
        [GivenFile(file.path, file.sha256, file.size) for file in version.files],
        {"version": told, "card": card},
    )


def _named(session: Session, item_id: int) -> tuple[str, str]:
    query = select(SharedItem.space, SharedItem.name).where(SharedItem.id == item_id)
    found = session.execute(query).tuples().first()
    if found is None:
        raise NotVisible
    return found
