"""The survey's tables: what people say now, with whom each counts, and the sums that were drawn."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from lepton_hub.database.base import Base
from lepton_hub.database.moments import Moment, now


class SurveyReply(Base):
    """What a person answers to a question about a module at present. For their own eyes alone.

    replied_at: when it became what it is.
    """

    __tablename__ = "survey_replies"

    person: Mapped[str] = mapped_column(String(128), primary_key=True)
    module: Mapped[str] = mapped_column(String(100), primary_key=True)
    question: Mapped[str] = mapped_column(String(32), primary_key=True)
    answer: Mapped[str] = mapped_column(String(500))
    replied_at: Mapped[datetime] = mapped_column(Moment, default=now)


class SurveyMembership(Base):
    """With whom a person's answers are counted: one team, or their organisation; never two.

    Were somebody counted in two groups, the difference of the groups' sums could be about them.
    """

    __tablename__ = "survey_memberships"

    person: Mapped[str] = mapped_column(String(128), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(128))
    chosen_at: Mapped[datetime] = mapped_column(Moment, default=now)


class CountedBatch(Base):
    """A sum over five people or more of one group, about one module. It never changes.

    kind, name: the group, as in grants. part: "before" or "after" the module. sums: by name; they
    are added up over a group's batches, and divided by people only to be shown.
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
    """A person was counted, in which sum, but not with what: nobody is counted about it again."""

    __tablename__ = "survey_counted"

    person: Mapped[str] = mapped_column(String(128), primary_key=True)
    module: Mapped[str] = mapped_column(String(100), primary_key=True)
    part: Mapped[str] = mapped_column(String(8), primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("survey_batches.id"), index=True)
