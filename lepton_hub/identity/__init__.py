"""Who asks: people as JupyterHub knows them, or the made-up ones of a hub that runs alone."""

from lepton_hub.identity.person import IdentityError, Person, SignInUnavailable, person_of

__all__ = ["IdentityError", "Person", "SignInUnavailable", "person_of"]
