"""The survey's tables: current answers, memberships, and computed sums."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from lepton_hub.database.base import Base
from lepton_hub.database.moments import Moment, now


class SurveyReply(Base):
    """A person's current answer to a question about a module, visible only to them.

    replied_at: when it last changed.
    """

    __tablename__ = "survey_replies"

    person: Mapped[str] = mapped_column(String(128), primary_key=True)
    module: Mapped[str] = mapped_column(String(100), primary_key=True)
    question: Mapped[str] = mapped_column(String(32), primary_key=True)
    answer: Mapped[str] = mapped_column(String(500))
    replied_at: Mapped[datetime] = mapped_column(Moment, default=now)


class SurveyMembership(Base):
    """The group a person's answers count for: one team or their organisation, never both.

    If somebody counted for two groups, the difference of their sums could identify them.
    """

    __tablename__ = "survey_memberships"

    person: Mapped[str] = mapped_column(String(128), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(128))
    chosen_at: Mapped[datetime] = mapped_column(Moment, default=now)


class CountedBatch(Base):
    """A sum over five people or more of one group, about one module. It never changes.

    kind, name: the group, as in grants. part: "before" or "after" the module. sums: by name; added
    up over a group's batches, and divided by people only for display.
    """

    __tablename__ = "survey_batches"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(128), index=True)
    module: Mapped[str] = mapped_column(String(100))
    part: Mapped[str] = mapped_column(String(8))
    people: Mapped[int]
    sums: Mapped[dict[str, float]] = mapped_column(JSON)
    made_at: Mapped[datetime] = mapped_column(Moment, default=now)


class CountedPerson(Base):
    """Records that a person is in a sum, but not with which answers, so nobody is counted twice."""

    __tablename__ = "survey_counted"

    person: Mapped[str] = mapped_column(String(128), primary_key=True)
    module: Mapped[str] = mapped_column(String(100), primary_key=True)
    part: Mapped[str] = mapped_column(String(8), primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("survey_batches.id"), index=True)
