"""An example to copy: sign-in by the company's identity provider, PostgreSQL, real accounts.

docs/operators.md says how to prepare the machine for it. Secrets come from the environment, for
instance of a systemd unit whose file root alone may read:

    LEPTON_TEAM            the hub's folder, such as /srv/lepton-team
    LEPTON_TEAM_DATABASE   postgresql+psycopg://hub:…@localhost/hub
    LEPTON_TEAM_ADDRESS    https://learn.example.com, as people type it
    OIDC_ISSUER            https://login.example.com/realms/company
    OIDC_CLIENT, OIDC_SECRET
"""

import os
from pathlib import Path

from oauthenticator.generic import GenericOAuthenticator

c = get_config()  # noqa: F821
load_subconfig(str(Path(__file__).with_name("jupyterhub_config.py")))  # noqa: F821

from lepton_team import courses as team  # noqa: E402  (the other file has made it importable)
from lepton_team.folders import HubFolders  # noqa: E402
from lepton_team.sign_in import with_groups  # noqa: E402

folders = HubFolders(Path(os.environ["LEPTON_TEAM"]))
issuer = os.environ["OIDC_ISSUER"].rstrip("/") + "/protocol/openid-connect"  # Keycloak's paths


def groups_of(user: str) -> list[str]:
    """Return a user's groups as the courses are now."""
    return team.groups_of(team.read_courses(folders), user)


c.JupyterHub.authenticator_class = with_groups(GenericOAuthenticator, groups_of)
c.GenericOAuthenticator.client_id = os.environ["OIDC_CLIENT"]
c.GenericOAuthenticator.client_secret = os.environ["OIDC_SECRET"]
c.GenericOAuthenticator.authorize_url = f"{issuer}/auth"
c.GenericOAuthenticator.token_url = f"{issuer}/token"
c.GenericOAuthenticator.userdata_url = f"{issuer}/userinfo"
c.GenericOAuthenticator.oauth_callback_url = (
    f"{os.environ['LEPTON_TEAM_ADDRESS']}/hub/oauth_callback"
)
c.GenericOAuthenticator.scope = ["openid", "profile"]
c.GenericOAuthenticator.username_claim = "preferred_username"
# The claim is the name of the account on this machine, and the id in the roster.
c.GenericOAuthenticator.login_service = "your company account"
c.JupyterHub.template_vars = {}  # nothing is made up here

# A web server with a certificate stands in front and passes on to this address.
c.JupyterHub.bind_url = "http://127.0.0.1:8000"
