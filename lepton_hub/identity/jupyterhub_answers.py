"""Validate JupyterHub's answers: a proxy in front of it may answer 200 with anything."""

from __future__ import annotations

from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from lepton_hub.identity.person import SignInUnavailable


class HubUser(BaseModel):
    """A user or a service. scopes: those of the token that was looked up."""

    name: str
    kind: str = ""
    groups: list[str] = []
    scopes: list[str] = []


class GivenToken(BaseModel):
    """The token that JupyterHub exchanges for an authorization code."""

    access_token: str


Answer = TypeVar("Answer", HubUser, GivenToken)


def parsed(answer: httpx.Response, kind: type[Answer]) -> Answer:
    """Parse an answer. Raises SignInUnavailable if it is not one that JupyterHub gives."""
    try:
        return kind.model_validate_json(answer.content)
    except ValidationError as error:
        raise SignInUnavailable from error
