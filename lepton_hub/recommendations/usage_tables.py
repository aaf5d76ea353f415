"""Tables of uses: shown only to the person concerned, and counted over three people or more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from lepton_hub.database.base import Base
from lepton_hub.database.moments import Moment, now


class ItemUse(Base):
    """A person has used an item: downloaded from it, or read its text."""

    __tablename__ = "item_uses"

    person: Mapped[str] = mapped_column(String(128), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"), primary_key=True, index=True)
    first_at: Mapped[datetime] = mapped_column(Moment, default=now)
    last_at: Mapped[datetime] = mapped_column(Moment, default=now, index=True)


class ModuleUse(Base):
    """A person has used an item in a notebook of a module, or has discussed a section of it.

    module: its folder without the track, such as 02_data_pipelines.
    """

    __tablename__ = "module_uses"

    person: Mapped[str] = mapped_column(String(128), primary_key=True)
    module: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)
    first_at: Mapped[datetime] = mapped_column(Moment, default=now)
    last_at: Mapped[datetime] = mapped_column(Moment, default=now, index=True)
