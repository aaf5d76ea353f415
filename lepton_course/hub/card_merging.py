"""Merge your changes to a card with those a colleague has made meanwhile, or report conflicts."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from lepton_course.hub.connection import HubError

_SHOWN = 80


def said(card: Mapping[str, Any]) -> dict[str, Any]:
    """Return a card's non-empty fields, in the form in which the hub stores them."""
    return {name: _plain(value) for name, value in card.items() if value}


def merged_card(
    reference: str,
    base: Mapping[str, Any] | None,
    theirs: Mapping[str, Any],
    mine: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the hub's card (theirs) with the changes made in mine.

    base: the card as I last shared it, if known. A field that mine leaves out keeps its value.
    Raises HubError if a field has changed both in mine and on the hub, and the values differ.
    """
    merged = dict(theirs)
    conflicts = []
    for name, value in said(mine).items():
        before = None if base is None else said(base).get(name)
        if _plain(theirs.get(name)) in (value, before) or not theirs.get(name):
            merged[name] = value
        elif value != before:
            conflicts.append(name)
    if conflicts:
        differences = "; ".join(
            f"{name} is {_shown(theirs[name])} on the hub and {_shown(mine[name])} here"
            for name in conflicts
        )
        raise HubError(
            f"Nothing was shared: somebody else, or you elsewhere, has changed the card of "
            f"hub:{reference}: {differences}. Leave these fields out to keep the hub's values, or "
            "pass replace_card=True to replace them."
        )
    return merged


def remember_card(url: str, reference: str, card: Mapping[str, Any]) -> None:
    """Keep an item's card as you shared it in your cache; do nothing if that is not writable."""
    file = _file(url, reference)
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(f".{os.getpid()}.part")
        partial.write_text(json.dumps(said(card)), encoding="utf-8")
        os.replace(partial, file)


def remembered_card(url: str, reference: str) -> dict[str, Any] | None:
    """Return an item's card as you last shared it from here, or None if it is not known."""
    try:
        found = json.loads(_file(url, reference).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip()
    return sorted(set(value)) if isinstance(value, list | tuple) else value


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _file(url: str, reference: str) -> Path:
    name = hashlib.sha256(f"{url} {reference}".encode()).hexdigest()
    return user_cache_path("lepton_course") / "hub" / "cards" / f"{name[:32]}.json"
