"""The hub's keys: generations in one key file, and sealing with them."""

from lepton_hub.keys.key_ring import KeyFileError, KeyRing, SealBroken, UnknownGeneration

__all__ = ["KeyFileError", "KeyRing", "SealBroken", "UnknownGeneration"]
