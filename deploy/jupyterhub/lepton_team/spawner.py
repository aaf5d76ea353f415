"""A learner's server: a process of the learner's account, with a view of its own files alone."""

from __future__ import annotations

import os
import pwd
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyterhub.spawner import LocalProcessSpawner
from jupyterhub.traitlets import ByteSpecification
from traitlets import Instance, Integer, Unicode

from lepton_team.folders import CLONE, DEPLOY, VISIBLE_PARTS, HubFolders, program_folders
from lepton_team.mount_namespace import Covered, Kept, unshare_mounts
from lepton_team.ports import non_ephemeral_port

FIRST_PERSON = 1000
"""Accounts with lower numbers are the system's own, whatever a roster says."""


class WalledSpawner(LocalProcessSpawner):
    """JupyterHub's spawner of local processes, with walls.

    A learner's programs see their own home folder, the exchange and the course's programs; neither
    the clone's solutions, nor a class, nor another home, nor the hub's own files.
    """

    folders = Instance(HubFolders).tag(config=True)
    temporary = Unicode("1g", help="Most bytes that /tmp may hold.").tag(config=True)
    processes = Integer(1024, help="Most processes and threads of a learner.").tag(config=True)
    process_memory = ByteSpecification(
        "8G", help="Most memory of one process; it gets a MemoryError at it."
    ).tag(config=True)

    async def start(self) -> tuple[str, int]:
        self.port = non_ephemeral_port()
        return await super().start()

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up a server that a hub before this one has started.

        After a restart of the machine, or in a restored hub, its number is another process's, which
        the hub would take for the server and kill.
        """
        super().load_state(state)
        if self.pid and _owner(self.pid) != pwd.getpwnam(self.user.name).pw_uid:
            self.pid = 0

    def make_preexec_fn(self, name: str) -> Callable[[], None]:
        account = pwd.getpwnam(name)
        if account.pw_uid < FIRST_PERSON:
            raise PermissionError(f"{name} is an account of the system: no server for it.")
        become_user = super().make_preexec_fn(name)
        kept, covered = self.view(Path(account.pw_dir))
        limits = {
            resource.RLIMIT_NPROC: self.processes,
            resource.RLIMIT_DATA: self.process_memory,
            resource.RLIMIT_CORE: 0,
        }

        def enclose() -> None:
            unshare_mounts(kept, covered)
            os.umask(0o077)
            for kind, most in limits.items():
                resource.setrlimit(kind, (most, most))
            become_user()

        return enclose

    def view(self, home: Path) -> tuple[list[Kept], list[Covered]]:
        """Return what a learner with this home folder sees, and what is covered."""
        kept = [Kept(path) for path in program_folders()]
        kept += [Kept(CLONE / part) for part in VISIBLE_PARTS if (CLONE / part).exists()]
        kept += [Kept(home, writable=True), Kept(self.folders.exchange, writable=True)]
        covered = [Covered(CLONE), Covered(self.folders.root), Covered(home.parent)]
        covered += [Covered(Path(place), 0o1777, self.temporary) for place in ("/tmp", "/dev/shm")]
        return kept, covered


def _owner(pid: int) -> int | None:
    """Return the user number of a process; None where there is no such process."""
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except FileNotFoundError:
        return None


def learner_command() -> list[str]:
    """Return the command that starts a learner's JupyterLab."""
    return [sys.executable, "-P", str(DEPLOY / "lepton_team" / "learner_lab.py")]
