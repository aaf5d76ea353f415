"""Things of every kind that ada of the small hub may not see, close to those that she does."""

from __future__ import annotations

from datetime import timedelta

from small_hub import SmallHub
from sqlalchemy import select
from sqlalchemy.orm import Session

from lepton_hub.catalogue.items import delete_item
from lepton_hub.catalogue.tables import (
    ItemTag,
    PendingUpload,
    SharedItem,
    Source,
    Version,
    VersionFile,
)
from lepton_hub.database.moments import now
from lepton_hub.jobs.job_tables import ComputeJob, JobAttempt
from lepton_hub.knowledge import Attachment, DiscussionThread, DocumentRevision, ThreadPost
from lepton_hub.knowledge.knowledge_tables import Subscription, ThreadTag
from lepton_hub.needs.needs_tables import CountedBatch, SurveyReply
from lepton_hub.permissions import AccessRequest, Grant, SharedLink
from lepton_hub.recommendations import ItemUse, ModuleUse

SECTION = "08_evaluation/lesson.ipynb#Calibration"
GIVEN = (
    ("person", "curie"), ("person", "dora"), ("team", "particles"), ("organisation", "quantum"),
)  # fmt: skip
LONG_AGO = timedelta(days=2)


def add_hidden_things(hub: SmallHub, number: int, first: int = 0) -> None:
    """Add so many items of curie's and her team's, with all that can hang on an item.

    A sixth of them are deleted again. first: the first one's number.
    """
    with hub.state.sessions.begin() as session:
        rides = session.scalars(select(SharedItem).where(SharedItem.name == "rides")).one()
        seen = session.scalars(select(Version).where(Version.item_id == rides.id)).first()
        for count in range(first, first + number):
            item = _item(session, count)
            _versions(session, item, seen)
            _talk(session, item, count)
            _jobs(session, item, rides, count)
            _people(session, item, rides, count)
            if count % 6 == 5:
                session.flush()
                delete_item(session, item, "curie")


def _item(session: Session, count: int) -> SharedItem:
    team = (None, "particles")[count % 2]
    item = SharedItem(
        public_id=f"~{count:030d}",  # after all others: a search for the last takes a step less
        space=team or "~curie",
        name=f"rides-{count}",
        team=team,
        kind=("dataset", "document")[count // 2 % 2],
        owner="curie",
        title=f"Riders by day {count}",
        description="riders of 08_evaluation",
        category="rides",
        licence="CC0-1.0",
        origin="counted",
        intended_use="",
        limits="",
        personal_data="none",
        tags=[ItemTag(tag=f"riders-{count % 7}"), ItemTag(tag="riders")],
    )
    session.add(item)
    session.flush()
    for subject, name in (GIVEN[count % 4], GIVEN[(count + 1) % 4]):
        session.add(
            Grant(item_id=item.id, subject=subject, name=name, role="read", granted_by="curie")
        )
    hashed = f"{item.id:064d}"
    session.add(
        SharedLink(
            id=f"link-{item.id}", item_id=item.id, secret_sha256=hashed, made_by="curie",
            expires_at=now() + LONG_AGO,
        )
    )  # fmt: skip
    return item


def _versions(session: Session, item: SharedItem, seen: Version) -> None:
    text = "calibration of riders, precision and recall"
    revision = {"item_id": item.id, "text": text, "note": "", "made_by": "dora"}
    if item.kind == "document":
        session.add_all([DocumentRevision(number=one, **revision) for one in (1, 2)])
        session.add(
            Attachment(
                item_id=item.id, path="b.txt", sha256=f"{item.id:064d}", size=6,
                media_type="text/plain", attached_by="curie",
            )
        )  # fmt: skip
        return
    version = Version(
        item_id=item.id, number=1, digest=f"{item.id:064d}", note="", made_by="dora",
        made_with="", columns=[],
        files=[VersionFile(path="a.csv", sha256=f"{item.id:064d}", size=9, media_type="text/csv")],
    )  # fmt: skip
    session.add(version)
    session.flush()
    session.add(Source(version_id=version.id, source_id=seen.id))


def _talk(session: Session, item: SharedItem, count: int) -> None:
    """Add a thread about the item, and one about a section of the course."""
    audience = (("team", "particles"), ("organisation", "quantum"))[count % 2]
    places = (
        {"item_id": item.id},
        {"section": SECTION, "audience": audience[0], "audience_name": audience[1]},
    )
    for place in places:
        thread = DiscussionThread(
            kind=("question", "discussion")[count % 2], title="Why calibration?", made_by="curie",
            posts_ever=3, tags=[ThreadTag(tag="riders")], **place,
        )  # fmt: skip
        session.add(thread)
        session.flush()
        posts = [
            ThreadPost(thread_id=thread.id, number=one, text="riders", made_by=who)
            for one, who in enumerate(("curie", "dora", "bose"), start=1)
        ]
        session.add_all(posts)
        session.flush()
        if count % 4 == 0:
            thread.accepted_id = posts[1].public_id
        if count % 7 == 6:
            thread.deleted_at = now()


def _jobs(session: Session, item: SharedItem, rides: SharedItem, count: int) -> None:
    state = ("queued", "running", "succeeded")[count % 3]
    job = ComputeJob(
        asked_by="curie", teams=["particles"], organisation="quantum", share="particles",
        account="quantum", state=state, priority=1, program_id=rides.id, program_version=1,
        path="a.py", parameters={}, result_id=item.id, processors=1, memory_bytes=1, seconds=1,
    )  # fmt: skip
    session.add(job)
    session.flush()
    if state != "queued":
        session.add(
            JobAttempt(
                job_id=job.id, number=1, worker="w", share="particles", account="quantum",
                begun_at=now(), lease_until=now(), measured_at=now(), processor_seconds=1.0,
                ended_at=now() if state == "succeeded" else None,
            )
        )  # fmt: skip


def _people(session: Session, item: SharedItem, rides: SharedItem, count: int) -> None:
    """Add what other people wish, use, answer and upload."""
    who, name = f"stranger{count}", f"{item.id}"
    used = now() - LONG_AGO
    session.add_all([
        ItemUse(person=one, item_id=item.id, first_at=used, last_at=used)
        for one in ("curie", "dora", who)
    ])  # fmt: skip
    session.add_all([
        ModuleUse(person=who, module="08_evaluation", first_at=used, last_at=used),
        Subscription(person=who, kind="item", target=rides.public_id),
        Subscription(person=who, kind="tag", target="riders"),
        AccessRequest(
            id=f"request-{name}", space=item.space, item_name=item.name, person=who, role="read",
            message="",
        ),
        AccessRequest(
            id=f"absent-{name}", space="engines", item_name=f"absent-{name}", person=who,
            role="read", message="",
        ),
        SurveyReply(
            person=who, module="basics/08_evaluation", question="unclear", answer="all of it"
        ),
        CountedBatch(
            kind=("team", "organisation")[count % 2], name=("particles", "quantum")[count % 2],
            module="basics/08_evaluation", part="before", people=5, sums={"known": 1.0},
        ),
        PendingUpload(id=f"upload-{name}", person=who, size=1, sha256="0" * 64),
    ])  # fmt: skip
