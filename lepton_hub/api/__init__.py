"""The hub's HTTP API."""

from lepton_hub.api.application import create_app
from lepton_hub.api.service_state import ServiceState, open_service

__all__ = ["ServiceState", "create_app", "open_service"]
