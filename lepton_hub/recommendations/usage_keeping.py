"""Keep usage in step with the audit log: written in the transaction that writes its entry."""

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
"""What somebody has not used for so long counts no more, and is forgotten."""
PRECISION = timedelta(hours=1)
"""A use that follows the one before so closely is not written again."""

USES = frozenset({"file.download", "document.read"})
"""The audit log's actions that use the item they are about. To see its page, with its card and the
beginning of a file, is no use."""
DISCUSSES = frozenset({"thread.read", "thread.make", "post.add", "post.list"})
"""The actions that use a module of the course where they are about a section of it."""


def keep_item_use(
    session: Session,
    person: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    moment: datetime | None = None,
) -> None:
    """Keep what an entry of the audit log says that somebody used, if it does.

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
    """Keep that somebody used a module. place: its folder, or a section of it."""
    folder = place.partition("#")[0].partition("/")[0]
    _keep(session, ModuleUse, {"person": person, "module": folder}, moment)


def forget_old_uses(session: Session, moment: datetime) -> None:
    """Delete uses that count no more."""
    for table in (ItemUse, ModuleUse):
        session.execute(delete(table).where(table.last_at < moment - KEPT))


def forget_user(session: Session, person: str) -> int:
    """Delete all that a person has used; return how much it was."""
    return sum(
        session.execute(delete(table).where(table.person == person)).rowcount
        for table in (ItemUse, ModuleUse)
    )


def forget_uses_of(session: Session, item: SharedItem) -> set[str]:
    """Delete who used an item that is deleted."""
    session.execute(delete(ItemUse).where(ItemUse.item_id == item.id))
    return set()


def _keep(
    session: Session,
    table: type[ItemUse] | type[ModuleUse],
    key: dict[str, Any],
    moment: datetime | None,
) -> None:
    """Write a use in one statement: two requests of one person at once must not get in the way."""
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
