"""Run the hub as JupyterHub's service: `python -m lepton_hub`, started by JupyterHub.

LEPTON_HUB names its folder; settings.py lists the other environment variables, and JupyterHub sets
the rest.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from lepton_course.errors import problem_in_words
from lepton_hub.api.service_state import open_service
from lepton_hub.application import create_app
from lepton_hub.database.engine import DatabaseError
from lepton_hub.identity.directory import JupyterHubDirectory
from lepton_hub.identity.jupyterhub import JupyterHubIdentity
from lepton_hub.identity.oauth import OAuthSignIn
from lepton_hub.jobs.worker_processes.hub_workers import hub_workers
from lepton_hub.keys import KeyFileError
from lepton_hub.server import listening, serve
from lepton_hub.settings import SettingsError, settings_of
from lepton_hub.storage import StorageError
from lepton_hub.unavailable import SECONDS as UNAVAILABLE_SECONDS
from lepton_hub.unavailable import unavailable_app

MADE_UP = "LEPTON_HUB_MADE_UP"
"""If "on", an empty hub is filled with made-up content, as by `make hub`."""

PROBLEMS = (SettingsError, DatabaseError, KeyFileError, StorageError, SQLAlchemyError, OSError)


def main(environment: Mapping[str, str] = os.environ) -> None:
    """Serve until this process is asked to stop."""
    missing = [name for name in ("LEPTON_HUB", "JUPYTERHUB_SERVICE_URL") if name not in environment]
    if missing:
        sys.exit(
            f"{' and '.join(missing)} must be set. JupyterHub sets them when it starts this "
            "service (docs/hub.md). To try the hub without JupyterHub: lepton hub start DIR"
        )
    os.umask(0o077)
    address = urlsplit(environment["JUPYTERHUB_SERVICE_URL"])
    listener = listening(address.hostname or "127.0.0.1", address.port or 80)
    try:
        settings = settings_of(Path(environment["LEPTON_HUB"]), environment)
        api, name = environment["JUPYTERHUB_API_URL"], environment["JUPYTERHUB_SERVICE_NAME"]
        identity = JupyterHubIdentity(api, name, settings.identity_seconds)
        people = JupyterHubDirectory(api, environment["JUPYTERHUB_API_TOKEN"])
        state = open_service(settings, identity, oauth_of(environment), people.look_up)
    except PROBLEMS as error:
        print(f"The hub cannot start: {problem_in_words(error)}", file=sys.stderr, flush=True)
        prefix = environment["JUPYTERHUB_SERVICE_PREFIX"].rstrip("/")
        serve(unavailable_app(prefix), listener, seconds=UNAVAILABLE_SECONDS)
        sys.exit(1)
    if environment.get(MADE_UP, "").lower() == "on":
        from lepton_hub.demonstration.filling import fill_if_empty

        fill_if_empty(state)
    with hub_workers(Path(environment["LEPTON_HUB"]), settings.jobs, environment):
        serve(create_app(state), listener)


def oauth_of(environment: Mapping[str, str]) -> OAuthSignIn:
    """Return the OAuth settings that JupyterHub passes to its services."""
    host, base = environment.get("JUPYTERHUB_HOST", ""), environment.get("JUPYTERHUB_BASE_URL", "/")
    prefix = environment["JUPYTERHUB_SERVICE_PREFIX"]
    return OAuthSignIn(
        client=environment["JUPYTERHUB_CLIENT_ID"],
        secret=environment["JUPYTERHUB_API_TOKEN"],
        authorize=f"{host}{base}hub/api/oauth2/authorize",
        token=f"{environment['JUPYTERHUB_API_URL']}/oauth2/token",
        callback=environment.get("JUPYTERHUB_OAUTH_CALLBACK_URL") or f"{prefix}oauth_callback",
    )


if __name__ == "__main__":
    main()
