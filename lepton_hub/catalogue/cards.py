"""Schemas of an item's card and of a version."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from lepton_hub.catalogue.names import (
    ITEM,
    SPACE,
    NameProblem,
    Reference,
    check_path,
    parse_reference,
)
from lepton_hub.text import check_line, plain_label, skeleton

TAG = r"[a-z0-9][a-z0-9 _.-]{0,31}"
HEX = r"^[0-9a-f]{64}$"
_JOB = re.compile(r"\W*job\W+[\w-]{16}\W*", re.IGNORECASE)


def _storable(text: str) -> str:
    """Return a text if every database can store it: no NUL, no lone surrogate."""
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("the text contains a character that cannot be stored")
    return text


def _path(path: str) -> str:
    try:
        return check_path(_storable(path))
    except NameProblem as problem:
        raise ValueError(str(problem)) from problem


def _reference(text: str) -> Reference:
    try:
        found = parse_reference(text)
    except NameProblem as problem:
        raise ValueError(str(problem)) from problem
    if found.version is None:
        raise ValueError("name a version, such as city/ridership@3, since the newest one changes")
    return found


def _not_of_the_pool(text: str) -> str:
    """Return what made a version, unless it imitates the hub's own wording for its jobs."""
    if _JOB.fullmatch(skeleton(text)):
        raise ValueError("only the hub itself records which of its jobs made a version")
    return text


Text = Annotated[str, AfterValidator(_storable)]
Line = Annotated[Text, AfterValidator(check_line)]
"""A single line without hidden characters."""
Label = Annotated[Text, AfterValidator(plain_label)]
"""A name that people trust: no hidden characters, no look-alike letters."""
Tag = Annotated[str, Field(pattern=rf"^{TAG}$")]
FilePath = Annotated[str, AfterValidator(_path)]
VersionReference = Annotated[str, AfterValidator(lambda text: str(_reference(text)))]


class ItemKind(StrEnum):
    """What an item is."""

    DATASET = "dataset"
    MODEL = "model"
    CODE = "code"
    NOTEBOOK = "notebook"
    DOCUMENT = "document"  # has text revisions instead of versions, see `knowledge`


VersionedKind = Literal[ItemKind.DATASET, ItemKind.MODEL, ItemKind.CODE, ItemKind.NOTEBOOK]


class Told(BaseModel):
    """Base of request schemas: unknown fields are refused, so that typos are noticed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Card(Told):
    """What readers must know about an item before they use it."""

    title: Annotated[Line, Field(min_length=1, max_length=200)]
    description: Annotated[Text, Field(max_length=10_000)] = ""
    category: Annotated[Label, Field(max_length=64)] = ""
    tags: Annotated[list[Tag], Field(max_length=20)] = []
    licence: Annotated[Label, Field(min_length=1, max_length=200)]
    origin: Annotated[
        Text,
        Field(min_length=1, max_length=2000, description=("Who made it and where it comes from.")),
    ]
    intended_use: Annotated[Text, Field(max_length=4000)] = ""
    limits: Annotated[
        Text, Field(max_length=4000, description="Where it fails or must not be used.")
    ] = ""
    personal_data: Annotated[
        Literal["none", "pseudonymous", "personal"],
        Field(description="Whether it contains information about individual people."),
    ]


class TableColumn(Told):
    """A column of a table."""

    name: Annotated[Line, Field(min_length=1, max_length=200)]
    type: Literal["integer", "number", "text", "boolean", "date", "datetime", "category"]
    unit: Annotated[Line, Field(max_length=64)] = ""
    description: Annotated[Text, Field(max_length=1000)] = ""


class NewItem(Told):
    """An item to create; its content arrives as its first version."""

    space: Annotated[str, Field(pattern=f"^{SPACE}$", description="One of your teams, or ~you.")]
    name: Annotated[str, Field(pattern=f"^{ITEM}$")]
    kind: VersionedKind
    card: Card


class NewFile(Told):
    """A file of a version, whose content is a finished upload."""

    path: FilePath
    upload: Annotated[Text, Field(max_length=64)]
    media_type: Annotated[str, Field(pattern=r"^[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,100}$")] = (
        "application/octet-stream"
    )


MOST_FILES = 1000
"""The maximum number of files in a version."""


class NewVersion(Told):
    """A version to add; existing versions stay as they are."""

    files: Annotated[list[NewFile], Field(min_length=1, max_length=MOST_FILES)]
    note: Annotated[Text, Field(max_length=4000, description="What is new.")] = ""
    columns: Annotated[list[TableColumn], Field(max_length=2000)] = []
    made_from: Annotated[
        list[VersionReference], Field(max_length=100, description="The versions it was made from.")
    ] = []
    made_with: Annotated[
        Label,
        AfterValidator(_not_of_the_pool),
        Field(
            max_length=1000,
            description=(
                "The notebook or program that made it. For a job's result, the hub records it."
            ),
        ),
    ] = ""
