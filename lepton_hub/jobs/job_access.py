"""Who may see which jobs, and with whose rights a job reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select, true, tuple_
from sqlalchemy.orm import Session

from lepton_hub.catalogue.items import NotVisible, existing
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.database.moments import moment_and_key
from lepton_hub.database.unindexed import Unindexed
from lepton_hub.identity.person import Person
from lepton_hub.jobs.job_tables import ComputeJob
from lepton_hub.jobs.job_types import JobState

LookUp = Callable[[str], Person | None]


def existing_jobs(person: Person) -> Select[tuple[ComputeJob]]:
    """Return the query for the jobs a person may see: their own, or for administrators all.

    A job's log may reveal its inputs, which team-mates are not necessarily allowed to see.
    """
    mine: ColumnElement[bool] = true() if person.admin else ComputeJob.asked_by == person.name
    return select(ComputeJob).where(mine)


def find_job(session: Session, person: Person, public_id: str) -> ComputeJob:
    """Return a job by its id. Raises NotVisible."""
    query = existing_jobs(person).where(ComputeJob.public_id == public_id)
    found = session.scalars(query).first()
    if found is None:
        raise NotVisible
    return found


def list_jobs(
    session: Session,
    person: Person,
    state: JobState | None,
    limit: int,
    before: tuple[datetime, str] | None,
) -> tuple[Sequence[ComputeJob], int]:
    """Return a page of jobs, most recently submitted first, and the total.

    before: the submission time and id of the last job on the previous page.
    """
    query = existing_jobs(person)
    if state is not None:
        query = query.where(Unindexed(ComputeJob.state) == state)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    if before is not None:
        query = query.where(
            tuple_(ComputeJob.asked_at, ComputeJob.public_id) < moment_and_key(*before)
        )
    latest = query.order_by(ComputeJob.asked_at.desc(), ComputeJob.public_id.desc())
    return session.scalars(latest.limit(limit)).all(), total


def without_rights(person: Person) -> Person:
    """Return a person without administrator rights, which jobs never have."""
    return replace(person, admin=False)


def asker_then(job: ComputeJob) -> Person:
    """Return a job's submitter, with their groups at submission."""
    return Person(job.asked_by, frozenset(job.teams), job.organisation)


def asker_now(then: Person, look_up: LookUp | None) -> Person:
    """Return a job's submitter with their current groups, or those at submission if unknown.

    Call it outside any transaction: JupyterHub may be slow, and writers must not wait for it.
    Raises NotVisible if the person is gone, and SignInUnavailable.
    """
    if look_up is None:
        return then
    found = look_up(then.name)
    if found is None:
        raise NotVisible
    return without_rights(found)


def seen_names(session: Session, person: Person, items: Iterable[int]) -> dict[int, str]:
    """Return the names, by id, of those items that a person may see."""
    found = session.scalars(existing(person).where(SharedItem.id.in_(set(items))))
    return {item.id: item.reference for item in found}
