"""Say what a question looks like."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

FIRST = date(2001, 1, 22)  # no counts are known from before

Count = Annotated[float, Field(ge=1, le=100_000, allow_inf_nan=False)]


class Question(BaseModel):
    """Ask for a day; weeks: counts of the same weekday 1, 2, … 10 weeks before it."""

    model_config = ConfigDict(extra="forbid")  # a misspelt field is an error
    station: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    day: date = Field(ge=FIRST)
    weeks: list[Count] = Field(min_length=10, max_length=10)
