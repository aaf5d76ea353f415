"""The hub's keys: several generations in one file, and what is sealed with them."""

from lepton_hub.keys.key_ring import KeyFileError, KeyRing, SealBroken, UnknownGeneration

__all__ = ["KeyFileError", "KeyRing", "SealBroken", "UnknownGeneration"]
