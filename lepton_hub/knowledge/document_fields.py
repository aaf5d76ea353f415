"""Request schemas for documents, attachments, threads and subscriptions."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from lepton_hub.catalogue.cards import Card, Label, Line, Tag, Text, Told
from lepton_hub.catalogue.names import (
    ITEM,
    PATH,
    SPACE,
    NameProblem,
    check_path,
    parse_reference,
)

LONGEST_TEXT = 200_000
LONGEST_POST = 20_000
PLACE = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}(?:/[A-Za-z0-9_.-]{1,63}){0,2}"
"""A module of the course, or one of its notebooks."""
SECTION = rf"{PLACE}(?:#[A-Za-z0-9_.%-]{{1,100}})?"
"""A part of the course: a module, a notebook or a section."""
_TRACK = re.compile("[a-z]{1,20}/(?=[0-9]{2}_)")


def without_track(section: str) -> str:
    """Return a part of the course as threads name it, without the track.

    >>> without_track("basics/02_data_pipelines/lesson.ipynb#Leakage")
    '02_data_pipelines/lesson.ipynb#Leakage'
    """
    return _TRACK.sub("", section, count=1) if _TRACK.match(section) else section


def check_name(name: str) -> str:
    """Return an attachment's name if it is valid. Raises ValueError."""
    try:
        if "/" in name:
            raise NameProblem("an attachment's name cannot contain /")
        return check_path(name)
    except NameProblem as problem:
        raise ValueError(str(problem)) from problem


def _lines(text: str) -> str:
    """Return a text with line endings normalised to LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _says_something(text: str) -> str:
    if not text.strip():
        raise ValueError("it contains no word")
    return text


Markdown = Annotated[
    Text,
    AfterValidator(_lines),
    Field(max_length=LONGEST_TEXT, description="Markdown."),
]
PostText = Annotated[
    Text,
    AfterValidator(_lines),
    AfterValidator(_says_something),
    Field(min_length=1, max_length=LONGEST_POST, description="Markdown."),
]
AttachmentName = Annotated[str, AfterValidator(check_name), Field(min_length=1, max_length=PATH)]
Note = Annotated[Text, Field(max_length=1000, description="What is new.")]
Title = Annotated[
    Line, StringConstraints(strip_whitespace=True), Field(min_length=1, max_length=200)
]


class Written(Told):
    """Base of request schemas whose text is stored verbatim, including whitespace."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


class NewDocument(Written):
    """A document to create. Other fields of its card can be edited later."""

    space: Annotated[str, Field(pattern=f"^{SPACE}$", description="One of your teams, or ~you.")]
    name: Annotated[str, Field(pattern=f"^{ITEM}$")]
    title: Title
    text: Markdown
    description: Annotated[Text, Field(max_length=10_000)] = ""
    category: Annotated[Label, Field(max_length=64)] = ""
    tags: Annotated[list[Tag], Field(max_length=20)] = []
    licence: Annotated[Label, Field(min_length=1, max_length=200)] = "for internal use"
    personal_data: Literal["none", "pseudonymous", "personal"] = "none"

    def card(self, author: str) -> Card:
        """Return the document's card."""
        same = ("title", "description", "category", "tags", "licence", "personal_data")
        return Card(**{name: getattr(self, name) for name in same}, origin=f"written by {author}")


class NewRevision(Written):
    """A document's edited text; If-Match names the revision it is based on."""

    text: Markdown
    note: Note = ""


class NewAttachment(Told):
    """A finished upload to attach. name: the text refers to it as attachment:NAME."""

    name: AttachmentName
    upload: Annotated[Text, Field(max_length=64)]
    media_type: Annotated[str, Field(pattern=r"^[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,100}$")] = (
        "application/octet-stream"
    )


class NewThread(Written):
    """A discussion or a question, about an item or about a section of the course.

    audience: who sees a thread about a section. A thread about an item is visible to those who can
    see the item.
    """

    item: Annotated[str | None, Field(max_length=200, description="SPACE/NAME.")] = None
    section: Annotated[
        str | None,
        Field(pattern=f"^{SECTION}$", description="MODULE/NOTEBOOK#Section of the course."),
    ] = None
    audience: Annotated[
        str | None,
        Field(
            pattern=r"^(team:[A-Za-z0-9][A-Za-z0-9._-]{0,63}|organisation|everybody)$",
            description="team:NAME for one of your teams, organisation, or everybody.",
        ),
    ] = None
    kind: Literal["discussion", "question"] = "discussion"
    title: Title
    text: PostText
    tags: Annotated[list[Tag], Field(max_length=20)] = []

    @model_validator(mode="after")
    def _is_about_one(self) -> NewThread:
        if (self.item is None) == (self.section is None):
            raise ValueError("a thread is about an item or about a section: name exactly one")
        if (self.section is None) != (self.audience is None):
            raise ValueError("only a thread about a section has an audience, and it must have one")
        if self.section is not None:
            self.section = without_track(self.section)
        if self.item is not None:
            try:
                self.item = str(parse_reference(self.item)).partition("@")[0]
            except NameProblem as problem:
                raise ValueError(str(problem)) from problem
        return self


class NewPost(Written):
    """A new post, or a new wording of a post."""

    text: PostText


class AcceptedAnswer(Told):
    """The post that answers a question."""

    post: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16}$")]


class MailWish(Told):
    """How often to send the digest by e-mail."""

    every: Literal["day", "week", "never"]
