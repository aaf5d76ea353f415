"""Entries of the audit log, and the hashes that chain them.

An entry's hash covers its number, time and action, the previous entry's hash, and a *commitment* to
each of its actor, subject and detail: SHA-256 of a random salt and the value. So a value can be
redacted on request, with its salt, and the chain stays valid: the remaining commitment reveals
nothing, not even to somebody who tries every name (hiding), and no other value matches it
(binding).

Encrypting the values and destroying keys (crypto-shredding) would also work. Salted hashes were
chosen because they leave nothing behind, not even ciphertext; because values stay searchable until
they are redacted; and because the log needs no key, and so no rotation.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

START = "0" * 64
"""The previous hash of the first entry."""
FIELDS = ("actor", "detail", "subject")
"""The fields an entry commits to, each of which may be redacted; sorted."""
REDACTION = "audit.redact"
"""The action of entries that record a redaction."""
DETAIL_LENGTH = 16_384
NAME_LENGTH = 500
_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
)


@dataclass(frozen=True)
class Entry:
    """An entry of the log; actor, subject and detail are None where they were redacted."""

    number: int
    time: str
    actor: str | None
    action: str
    subject: str | None
    detail: dict[str, Any] | None
    previous: str
    hash: str


def redacted_fields(entry: Entry) -> tuple[str, ...]:
    """Return the names of an entry's redacted fields."""
    return tuple(field for field in FIELDS if getattr(entry, field) is None)


def canonical(value: object) -> str:
    """Return canonical JSON: sorted keys, no spaces, ASCII.

    Raises ValueError and TypeError for values JSON cannot represent, such as NaN.
    """
    return _ENCODER.encode(value)


def new_salt() -> str:
    """Return 64 random hexadecimal digits."""
    return secrets.token_hex(32)


def commitment(field: str, salt: str, value: str) -> str:
    """Return the commitment to a value."""
    return hashlib.sha256(canonical([field, salt, value]).encode()).hexdigest()


def entry_hash(
    number: int, time: str, action: str, commitments: dict[str, str], previous: str
) -> str:
    """Return the hash of an entry."""
    content = {
        "number": number,
        "time": time,
        "action": action,
        "commitments": commitments,
        "previous": previous,
    }
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def checked_text(what: str, text: str) -> str:
    """Return a name if both databases can store it. Raises ValueError."""
    if not 0 < len(text) <= NAME_LENGTH or "\0" in text:
        raise ValueError(f"The {what} of an audit entry has 1 to {NAME_LENGTH} characters, no NUL")
    text.encode()  # a lone surrogate is a ValueError, too
    return text


def checked_detail(detail: dict[str, Any]) -> str:
    """Return the detail as canonical JSON. Raises ValueError, TypeError."""
    if not isinstance(detail, dict):
        raise TypeError("The detail of an audit entry is a dict")
    text = canonical(detail)
    if len(text) > DETAIL_LENGTH:
        raise ValueError(f"The detail of an audit entry has at most {DETAIL_LENGTH} characters")
    return text


def timestamp() -> str:
    """Return the present time in UTC (ISO 8601), to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def digest_of(values: Iterable[tuple[int, str]]) -> tuple[int, str]:
    """Return the count and the hash of a sorted list of entries' numbers and fields."""
    count = 0
    digest = hashlib.sha256()
    for number, field in values:
        digest.update(f"{number} {field}\n".encode())
        count += 1
    return count, digest.hexdigest()
