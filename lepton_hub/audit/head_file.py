"""Signed heads in files, as auditors keep them."""

from __future__ import annotations

from pathlib import Path

from lepton_hub.audit.signed_head import SignedHead, head_public_key, is_genuine
from lepton_hub.keys import KeyRing, UnknownGeneration


class UntrustedHead(Exception):
    """A file does not contain a head signed by the hub; the message says why."""


def read_head(path: Path, keys: KeyRing, public_key: str | None = None) -> SignedHead:
    """Read a head from a file and verify its signature.

    public_key: the one the auditor was given; by default, the key ring's for that generation.

    Raises UntrustedHead, OSError.
    """
    try:
        head = SignedHead.from_json(path.read_text(encoding="utf-8"))
        key = head_public_key(keys, head.generation) if public_key is None else public_key
    except UnknownGeneration:
        raise UntrustedHead(
            f"the key that signed {path} was retired: give the public key that belongs to it"
        ) from None
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise UntrustedHead(f"{path} is not a head of the audit log") from None
    if not is_genuine(head, key):
        raise UntrustedHead(f"{path} was not signed by this hub, or was changed")
    return head
