"""An example to copy: sign-in by the company's identity provider, PostgreSQL, real accounts.

docs/operators.md says how to prepare the machine for it. Secrets come from the environment, for
instance of a systemd unit whose file root alone may read:

    LEPTON_TEAM            the hub's folder, such as /srv/lepton-team
    LEPTON_TEAM_DATABASE   postgresql+psycopg://hub:…@localhost/hub
    LEPTON_TEAM_ADDRESS    https://learn.example.com, as people type it
    OIDC_ISSUER            https://login.example.com/realms/company, exactly as its
                           /.well-known/openid-configuration names itself
    OIDC_CLIENT, OIDC_SECRET
    OIDC_GROUPS            from-provider: a claim says who teaches and who learns;
                           without it, team.yml and the roster do
    JUPYTERHUB_CRYPT_KEY   for from-provider: `openssl rand -hex 32`
"""

import os
from pathlib import Path

c = get_config()  # noqa: F821
load_subconfig(str(Path(__file__).with_name("jupyterhub_config.py")))  # noqa: F821

from lepton_team import courses as team  # noqa: E402  (the other file has made it importable)
from lepton_team import sharing  # noqa: E402
from lepton_team.folders import HubFolders  # noqa: E402
from lepton_team.openid import OpenIDAuthenticator  # noqa: E402
from lepton_team.sign_in import with_groups  # noqa: E402

folders = HubFolders(Path(os.environ["LEPTON_TEAM"]))


def groups_of(user: str) -> list[str]:
    """Return a user's groups as the courses and the teams are now."""
    teams = sharing.read_teams(folders)
    return team.groups_of(team.read_courses(folders), user) + sharing.sharing_groups(teams, user)


c.OpenIDAuthenticator.issuer = os.environ["OIDC_ISSUER"]
c.OpenIDAuthenticator.client_id = os.environ["OIDC_CLIENT"]
c.OpenIDAuthenticator.client_secret = os.environ["OIDC_SECRET"]
c.OpenIDAuthenticator.oauth_callback_url = f"{os.environ['LEPTON_TEAM_ADDRESS']}/hub/oauth_callback"
c.OpenIDAuthenticator.scope = ["openid", "profile"]
# The claim is the name of the account on this machine, and the id in the roster: one that people
# cannot choose for themselves. Courses' accounts are nobody's.
c.OpenIDAuthenticator.username_claim = "preferred_username"
c.OpenIDAuthenticator.username_pattern = r"(?!course-|lepton-hub$)[a-z_][a-z0-9_.-]{0,31}"
c.OpenIDAuthenticator.login_service = "your company account"

if os.environ.get("OIDC_GROUPS") == "from-provider":
    c.JupyterHub.authenticator_class = OpenIDAuthenticator
    c.OpenIDAuthenticator.scope = ["openid", "profile", "groups", "offline_access"]
    c.OpenIDAuthenticator.groups_claim = "groups"
    # For instance {"dl-teachers": "formgrade-deep_learning", "staff": "nbgrader-deep_learning"}.
    c.OpenIDAuthenticator.course_groups = {}
    # The hub keeps the provider's tokens, encrypted, and asks for a person's groups again.
    c.Authenticator.enable_auth_state = True
    c.Authenticator.auth_refresh_age = 300
else:
    c.JupyterHub.authenticator_class = with_groups(OpenIDAuthenticator, groups_of)

c.JupyterHub.template_vars = {}  # nothing is made up here

# A web server with a certificate stands in front and passes on to this address.
c.JupyterHub.bind_url = f"http://127.0.0.1:{os.environ.get('LEPTON_TEAM_PORT', 8000)}"
