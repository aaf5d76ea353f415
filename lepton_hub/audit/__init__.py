"""The audit log: who did what to what and when, as an append-only hash chain."""

from lepton_hub.audit.audit_chain import Entry, redacted_fields
from lepton_hub.audit.audit_guards import guard_statements, unguard_statements
from lepton_hub.audit.audit_log import append, entries
from lepton_hub.audit.audit_verification import BreakReason, ChainVerdict, verify, verify_database
from lepton_hub.audit.head_file import UntrustedHead, read_head
from lepton_hub.audit.redaction import mentions, redact
from lepton_hub.audit.signed_head import SignedHead, export_head, head_public_key, is_genuine

__all__ = [
    "BreakReason",
    "ChainVerdict",
    "Entry",
    "SignedHead",
    "UntrustedHead",
    "append",
    "entries",
    "export_head",
    "guard_statements",
    "head_public_key",
    "is_genuine",
    "mentions",
    "read_head",
    "redact",
    "redacted_fields",
    "unguard_statements",
    "verify",
    "verify_database",
]
