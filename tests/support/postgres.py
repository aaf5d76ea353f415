"""A PostgreSQL server of a test's own, of the programs that the system's package brings."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = "lepton"
UNPRIVILEGED = 65_534
"""The number of `nobody`: PostgreSQL refuses to run as root."""

LONGEST_SECONDS = 330
BOUNDS = (
    "-c lock_timeout=120s",
    "-c statement_timeout=300s",
    "-c idle_in_transaction_session_timeout=300s",
)
"""By itself PostgreSQL waits for ever, such as for a transaction that a failed test has left open:
then a statement fails, and says why."""


def postgres_programs() -> Path | None:
    """Return the folder of the newest PostgreSQL server's programs (Debian); None without one."""
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((path.parent for path in found), key=lambda p: float(p.parent.name), default=None)


class PostgresServer:
    """A running server. Whoever reaches its socket is let in; it listens on no port."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs, self.folder = programs, folder

    def run(self, program: str, *arguments: str) -> str:
        """Run one of PostgreSQL's programs on the server; return what it prints."""
        environment = {**os.environ, "PGHOST": str(self.folder), "PGUSER": USER}
        return subprocess.run(
            [str(self.programs / program), *arguments],
            env=environment, user=UNPRIVILEGED if os.geteuid() == 0 else None,
            cwd=self.folder, check=True, stdout=subprocess.PIPE, text=True, timeout=LONGEST_SECONDS,
        ).stdout  # fmt: skip

    def new_database(self, name: str) -> str:
        """Make a database; return SQLAlchemy's URL of it."""
        self.run("createdb", name)
        return f"postgresql+psycopg://{USER}@/{name}?host={self.folder}"

    def query(self, database: str, statement: str) -> list[str]:
        """Return the rows of an answer."""
        return self.run("psql", "-AtqX", "-c", statement, database).splitlines()


@contextmanager
def postgres_server(programs: Path) -> Iterator[PostgresServer]:
    """Run a server whose folder everybody may pass, on a path that is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="lepton-postgres-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        if os.geteuid() == 0:
            os.chown(folder, UNPRIVILEGED, UNPRIVILEGED)
        server = PostgresServer(programs, folder)
        data = f"--pgdata={folder / 'data'}"
        server.run(
            "initdb", data, "--auth=trust", f"--username={USER}", "--no-sync", "--encoding=UTF8",
            "--locale=C",
        )  # fmt: skip
        options = " ".join(["-c listen_addresses= -c fsync=off -k", str(folder), *BOUNDS])
        log = f"--log={folder / 'log'}"
        server.run("pg_ctl", "start", data, log, "--wait", "--timeout=300", f"--options={options}")
        try:
            yield server
        finally:
            server.run("pg_ctl", "stop", data, "--wait", "--timeout=300", "--mode=immediate")
