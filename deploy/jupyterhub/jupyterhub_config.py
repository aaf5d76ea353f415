"""JupyterHub for a team on one machine, with the course and nbgrader.

`make hub` starts it with made-up users. docs/operators.md says what to change for real ones: how
people sign in, the database, addresses and limits. What needs no change is in `lepton_team/`.
"""

import os
import sys
from html import escape
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from lepton_team import courses as team  # noqa: E402
from lepton_team import sharing  # noqa: E402
from lepton_team.demonstration import OnePassword  # noqa: E402
from lepton_team.folders import CLONE, HubFolders  # noqa: E402
from lepton_team.proxy import proxy_command  # noqa: E402
from lepton_team.sign_in import arrives_at, with_groups  # noqa: E402
from lepton_team.spawner import WalledSpawner, learner_command  # noqa: E402

c = get_config()  # noqa: F821

folders = HubFolders(Path(os.environ["LEPTON_TEAM"]))
courses = team.read_courses(folders)

# ── How people sign in ────────────────────────────────────────────────────────────────────────
# A demonstration: everybody has the same password, and the page says so. Loopback only.
PASSWORD = os.environ.get("LEPTON_TEAM_PASSWORD", "lepton")


def groups_of(user: str) -> list[str]:
    """Return a user's groups as the courses and the teams are now."""
    teams = sharing.read_teams(folders)
    return team.groups_of(team.read_courses(folders), user) + sharing.sharing_groups(teams, user)


c.JupyterHub.authenticator_class = with_groups(OnePassword, groups_of)
c.Authenticator.manage_groups = True
c.Authenticator.auth_refresh_age = 60
c.Authenticator.any_allow_config = True  # who has a group may sign in
c.OnePassword.password = PASSWORD
c.JupyterHub.template_paths = [str(HERE / "templates")]
c.JupyterHub.template_vars = {
    "announcement_login": (
        "<strong>A demonstration with made-up people.</strong> This sign-in checks nobody's "
        f"identity: the password is <strong>{escape(PASSWORD)}</strong> for all of "
        f"{', '.join(sorted(team.members(courses)))}."
    )
}


# ── Addresses ─────────────────────────────────────────────────────────────────────────────────
def port(name: str, usual: int) -> int:
    """Return a port: as the environment says, or else the usual one."""
    return int(os.environ.get(f"LEPTON_TEAM{name}_PORT", usual))


c.JupyterHub.bind_url = f"http://127.0.0.1:{port('', 8000)}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{port('_HUB', 8081)}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{port('_PROXY', 8001)}"
c.ConfigurableHTTPProxy.command = proxy_command()

# ── What the hub keeps ────────────────────────────────────────────────────────────────────────
c.JupyterHub.db_url = os.environ.get(
    "LEPTON_TEAM_DATABASE", f"sqlite:///{folders.hub / 'jupyterhub.sqlite'}"
)
c.JupyterHub.cookie_secret_file = str(folders.hub / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(folders.hub / "proxy.pid")
# Labs go on while the hub restarts.
c.JupyterHub.cleanup_servers = False

# ── Courses: groups, roles, and a service each ────────────────────────────────────────────────
environment = {"PYTHONPATH": str(CLONE), "LEPTON_EXCHANGE": str(folders.exchange)}
c.JupyterHub.load_roles = team.roles(courses)
c.JupyterHub.services = team.services(
    courses, folders, environment, port("_COURSE", team.FIRST_PORT)
)
# A learner's server that nobody has used for so long is stopped; notebooks are saved.
IDLE_SECONDS = int(os.environ.get("LEPTON_TEAM_IDLE_SECONDS", 3600))
c.JupyterHub.services += [team.culler(IDLE_SECONDS)]
c.JupyterHub.load_roles += [team.CULLER_ROLE]
c.JupyterHub.default_url = arrives_at

# ── The hub where teams share: lepton_hub, under its own account ──────────────────────────────
if folders.sharing.is_dir():  # its account's home
    c.JupyterHub.custom_scopes = sharing.CUSTOM_SCOPES
    c.JupyterHub.load_roles += sharing.ROLES
    sharing_port = port("_SHARING", sharing.FIRST_PORT)
    told = sharing.told_to_hub(os.environ)
    c.JupyterHub.services += [
        sharing.sharing_service(folders, {**environment, **told}, sharing_port)
    ]
    c.Spawner.server_token_scopes = sharing.NOTEBOOK_SCOPES
    environment["LEPTON_HUB_URL"] = f"{c.JupyterHub.bind_url}/services/{sharing.SERVICE}"

# ── Learners' servers ─────────────────────────────────────────────────────────────────────────
c.JupyterHub.spawner_class = WalledSpawner
c.WalledSpawner.folders = folders
c.WalledSpawner.processes = 1024  # of one learner
c.WalledSpawner.process_memory = "8G"  # of one process
c.WalledSpawner.temporary = "1g"  # in /tmp and in /dev/shm, in memory
c.Spawner.cmd = learner_command()
c.Spawner.default_url = "/lab/tree/START.ipynb"
c.Spawner.environment = environment
# Servers start in turn, eight at once for each processor. The first number is how long somebody
# may wait for their turn and the start together, the second how long for an answer then.
c.Spawner.start_timeout = 3600
c.Spawner.http_timeout = 300
