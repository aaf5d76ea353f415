"""Identify people: through JupyterHub, or as made-up people on a stand-alone hub."""

from lepton_hub.identity.person import IdentityError, Person, SignInUnavailable, person_of

__all__ = ["IdentityError", "Person", "SignInUnavailable", "person_of"]
