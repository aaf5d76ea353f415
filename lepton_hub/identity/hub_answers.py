"""What JupyterHub answers, checked: a proxy before it may say anything, with status 200 as well."""

from __future__ import annotations

from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from lepton_hub.identity.person import SignInUnavailable


class HubUser(BaseModel):
    """A user, or a service. scopes: what the token may do by which JupyterHub was asked."""

    name: str
    kind: str = ""
    groups: list[str] = []
    scopes: list[str] = []


class GivenToken(BaseModel):
    """What JupyterHub gives for the code with which a browser comes back."""

    access_token: str


Answer = TypeVar("Answer", HubUser, GivenToken)


def parsed(answer: httpx.Response, kind: type[Answer]) -> Answer:
    """Return what an answer tells. Raises SignInUnavailable where JupyterHub never says that."""
    try:
        return kind.model_validate_json(answer.content)
    except ValidationError as error:
        raise SignInUnavailable from error
