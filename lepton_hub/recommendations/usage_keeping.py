"""Record uses in the same transaction as their audit log entries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from lepton_hub.catalogue.names import NameProblem, parse_reference
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.database.moments import now
from lepton_hub.recommendations.usage_tables import ItemUse, ModuleUse

KEPT = timedelta(days=365)
"""Uses older than this no longer count, and are deleted."""
PRECISION = timedelta(hours=1)
"""A use this soon after the previous one is not recorded again."""

USES = frozenset({"file.download", "document.read"})
"""The audit log's actions that count as using their item. Viewing its page, with card and preview,
does not."""
DISCUSSES = frozenset({"thread.read", "thread.make", "post.add", "post.list"})
"""The actions that count as using a course module if they concern one of its sections."""


def keep_item_use(
    session: Session,
    person: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    moment: datetime | None = None,
) -> None:
    """Record the use of an item that an audit log entry implies, if any.

    subject, detail: as in the log; detail's "module" says where in the course an item was used.
    """
    if action not in USES:
        return
    try:
        reference = parse_reference(subject)
    except NameProblem:
        return
    query = select(SharedItem.id).where(
        SharedItem.space == reference.space,
        SharedItem.name == reference.name,
        SharedItem.deleted_at.is_(None),
    )
    item = session.scalars(query).first()
    if item is not None:
        _keep(session, ItemUse, {"person": person, "item_id": item}, moment)
    if detail.get("module"):
        keep_module_use(session, person, str(detail["module"]), moment)


def keep_module_use(
    session: Session, person: str, place: str, moment: datetime | None = None
) -> None:
    """Record that somebody used a module. place: its folder, or one of its sections."""
    folder = place.partition("#")[0].partition("/")[0]
    _keep(session, ModuleUse, {"person": person, "module": folder}, moment)


def forget_old_uses(session: Session, moment: datetime) -> None:
    """Delete expired uses."""
    for table in (ItemUse, ModuleUse):
        session.execute(delete(table).where(table.last_at < moment - KEPT))


def forget_user(session: Session, person: str) -> int:
    """Delete all of a person's uses; return the number."""
    return sum(
        session.execute(delete(table).where(table.person == person)).rowcount
        for table in (ItemUse, ModuleUse)
    )


def forget_uses_of(session: Session, item: SharedItem) -> set[str]:
    """Delete the uses of a deleted item."""
    session.execute(delete(ItemUse).where(ItemUse.item_id == item.id))
    return set()


def _keep(
    session: Session,
    table: type[ItemUse] | type[ModuleUse],
    key: dict[str, Any],
    moment: datetime | None,
) -> None:
    """Upsert a use in one statement, so that a person's concurrent requests do not conflict."""
    moment = moment or now()
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    written = dialect.insert(table).values(**key, first_at=moment, last_at=moment)
    session.execute(
        written.on_conflict_do_update(
            index_elements=list(key),
            set_={"last_at": moment},
            where=table.last_at < moment - PRECISION,
        )
    )
