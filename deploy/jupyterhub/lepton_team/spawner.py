"""A learner's server: a process of the learner's account, with a view of its own files alone."""

from __future__ import annotations

import asyncio
import os
import pwd
import resource
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from jupyterhub.spawner import LocalProcessSpawner
from jupyterhub.traitlets import ByteSpecification
from jupyterhub.utils import can_connect
from traitlets import Instance, Integer, Unicode

from lepton_team.folders import CLONE, DEPLOY, VISIBLE_PARTS, HubFolders, program_folders
from lepton_team.left_processes import end_processes, view_of
from lepton_team.mount_namespace import Covered, Kept, unshare_mounts
from lepton_team.ports import non_ephemeral_port
from lepton_team.start_queue import StartQueue

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

    starts_at_once = Integer(
        8 * (os.cpu_count() or 1),
        min=1,
        help="Most servers that start at the same time; others wait. Few are slow to start beside "
        "the kernels of those who work already; very many reach the limit of time all together.",
    ).tag(config=True)
    turn_seconds = Integer(
        30, help="Longest that the next one waits for a server's start; it may hang."
    ).tag(config=True)
    _queue: StartQueue | None = None
    _view: int | None = None

    @property
    def queue(self) -> StartQueue:
        """The queue of all the hub's spawners."""
        if WalledSpawner._queue is None:
            WalledSpawner._queue = StartQueue(self.starts_at_once)
        return WalledSpawner._queue

    async def start(self) -> tuple[str, int]:
        """Start the server when its turn has come; the next one's comes when this one listens."""
        async with self.queue.turn(self):
            self.port = non_ephemeral_port()
            ip, port = await super().start()
            self._view = view_of(self.pid)
            end = time.monotonic() + self.turn_seconds
            while time.monotonic() < end and await self.poll() is None:
                if can_connect(ip, port):
                    break
                await asyncio.sleep(0.2)
            return ip, port

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Tell who waits how many come before them."""
        told = ""
        while self.pending:
            ahead = self.queue.ahead_of(self)
            message = _place_in_queue(ahead)
            if message != told:
                told = message
                yield {"progress": 50 if ahead is None else 10, "message": message}
            await asyncio.sleep(1)

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up a server that a hub before this one has started.

        After a restart of the machine, or in a restored hub, its number is another process's, which
        the hub would take for the server and kill.
        """
        super().load_state(state)
        if self.pid and _owner(self.pid) != pwd.getpwnam(self.user.name).pw_uid:
            self.pid = 0
        self._view = view_of(self.pid) if self.pid else None

    def run_post_stop_hook(self) -> Any:
        """End what the server has left behind, whether it was stopped or has died."""
        if self._view:
            left = end_processes(pwd.getpwnam(self.user.name).pw_uid, self._view)
            if left:
                self.log.warning("Ended what %s left behind: %s processes", self.user.name, left)
            self._view = None
        return super().run_post_stop_hook()

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


def _place_in_queue(ahead: int | None) -> str:
    """Return what somebody is told before whom so many wait; None: their server starts."""
    if ahead is None:
        return "Your JupyterLab is starting …"
    return f"Many are signing in at the moment. Your place in the queue is {ahead + 1}."


def _owner(pid: int) -> int | None:
    """Return the user number of a process; None where there is no such process."""
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except FileNotFoundError:
        return None


def learner_command() -> list[str]:
    """Return the command that starts a learner's JupyterLab."""
    return [sys.executable, "-P", str(DEPLOY / "lepton_team" / "learner_lab.py")]
