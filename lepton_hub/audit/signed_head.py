"""Signed heads of the log: kept elsewhere, they reveal truncation and rewriting."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy.orm import Session

from lepton_hub.audit.audit_chain import canonical, timestamp
from lepton_hub.audit.audit_log import head_of
from lepton_hub.keys import KeyRing

_PURPOSE = "signatures of the audit log's head"


@dataclass(frozen=True)
class SignedHead:
    """States that entry `number` had this hash at this time; generation: of the signing key."""

    number: int
    hash: str
    time: str
    generation: int
    signature: str = ""

    def to_json(self) -> str:
        """Return the head as one line of JSON."""
        return canonical(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> SignedHead:
        """Parse a head from JSON. Raises ValueError."""
        try:
            return cls(**json.loads(text))
        except TypeError:
            raise ValueError("This is not a head of the audit log") from None

    @property
    def signed_part(self) -> bytes:
        """Return the bytes that the signature covers."""
        content = {**asdict(self), "is": "head of the audit log of a Lepton hub"}
        del content["signature"]
        return canonical(content).encode()


def export_head(session: Session, keys: KeyRing) -> SignedHead:
    """Return the newest entry's number and hash, signed (Ed25519) with the newest key."""
    number, hash_ = head_of(session)
    head = SignedHead(number, hash_, timestamp(), keys.current)
    signature = _private_key(keys, head.generation).sign(head.signed_part)
    return SignedHead(number, hash_, head.time, head.generation, signature.hex())


def head_public_key(keys: KeyRing, generation: int | None = None) -> str:
    """Return the public key that verifies a generation's heads, as 64 hexadecimal digits.

    Hand it to those who keep the heads, once, before they need it.
    """
    private = _private_key(keys, keys.current if generation is None else generation)
    return private.public_key().public_bytes_raw().hex()


def is_genuine(head: SignedHead, public_key: str) -> bool:
    """Return whether the head was signed by the hub with this public key."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(head.signature), head.signed_part)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _private_key(keys: KeyRing, generation: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(keys.derive(_PURPOSE, generation))
