"""Authorisation: roles, grants, access requests, and expiring links."""

from lepton_hub.permissions.access_requests import AccessRequest
from lepton_hub.permissions.grants import Grant, Subject, roles_of, visible_to
from lepton_hub.permissions.links import SharedLink
from lepton_hub.permissions.roles import Action, Role, allows

__all__ = [
    "AccessRequest",
    "Action",
    "Grant",
    "Role",
    "SharedLink",
    "Subject",
    "allows",
    "roles_of",
    "visible_to",
]
