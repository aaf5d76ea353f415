"""The log's newest entry, signed, to be kept elsewhere: it shows when the log's end was cut off."""

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
    """Entry `number` had this hash at this time; generation: of the hub's key, which signed it."""

    number: int
    hash: str
    time: str
    generation: int
    signature: str = ""

    def to_json(self) -> str:
        """Return one line of JSON."""
        return canonical(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> SignedHead:
        """Return the head of its JSON. Raises ValueError."""
        try:
            return cls(**json.loads(text))
        except TypeError:
            raise ValueError("This is not a head of the audit log") from None

    @property
    def signed_part(self) -> bytes:
        """What the signature covers."""
        content = {**asdict(self), "is": "head of the audit log of a Lepton hub"}
        del content["signature"]
        return canonical(content).encode()


def export_head(session: Session, keys: KeyRing) -> SignedHead:
    """Return the newest entry's number and hash, signed (Ed25519) by the newest key."""
    number, hash_ = head_of(session)
    head = SignedHead(number, hash_, timestamp(), keys.current)
    signature = _private_key(keys, head.generation).sign(head.signed_part)
    return SignedHead(number, hash_, head.time, head.generation, signature.hex())


def head_public_key(keys: KeyRing, generation: int | None = None) -> str:
    """Return the key that checks heads of a generation, as 64 hexadecimal digits.

    It is for those who keep heads: handed over once, before they need it.
    """
    private = _private_key(keys, keys.current if generation is None else generation)
    return private.public_key().public_bytes_raw().hex()


def is_genuine(head: SignedHead, public_key: str) -> bool:
    """Whether the hub with this public key signed the head."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(head.signature), head.signed_part)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _private_key(keys: KeyRing, generation: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(keys.derive(_PURPOSE, generation))
