"""Simulate several hosts on one network: network namespaces that a bridge joins.

They live in user and network namespaces of their own, so nothing outside is touched.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any


class Lan:
    """A network for a `with` block. Hosts are numbered from 1; `address` returns their IP."""

    def __init__(self) -> None:
        self._keepers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Lan:
        try:
            self._keep(["unshare", "--user", "--map-root-user", "--net", "--mount"])
            self._at_the_bridge("ip link add lan type bridge")
            self._at_the_bridge("ip link set lan up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        for keeper in self._keepers:
            keeper.kill()
            keeper.wait(60)

    def add_host(self, without: Path | None = None) -> int:
        """Add a connected host and return its number. without: a folder that is empty there."""
        number = len(self._keepers)
        keeper = self._keep([*self._inside(0), "unshare", "--net", "--mount"])
        self._at_the_bridge(f"ip link add port{number} type veth peer name eth0 netns {keeper.pid}")
        self._at_the_bridge(f"ip link set port{number} master lan up")
        for command in (
            f"ip address add {self.address(number)}/24 dev eth0",
            "ip link set eth0 up",
            "ip link set lo up",
        ):
            self.run(number, command.split())
        if without:
            self.run(number, ["mount", "-t", "tmpfs", "none", str(without)])
        return number

    def address(self, host: int) -> str:
        """Return the host's IP address."""
        return f"10.77.0.{host}"

    def run(self, host: int, command: list[str]) -> str:
        """Run a program on a host and return its output. Raises CalledProcessError."""
        command = [*self._inside(host), *command]
        told = {"check": True, "stdout": subprocess.PIPE, "text": True}
        return subprocess.run(command, timeout=60, **told).stdout

    def start(self, host: int, command: list[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a program on a host, in a process group of its own."""
        command = [*self._inside(host), *command]
        return subprocess.Popen(command, start_new_session=True, **options)

    def cut_off(self, host: int) -> None:
        """Unplug a host: from now on no packet passes, and no connection is closed."""
        self._at_the_bridge(f"ip link set port{host} down")

    def _inside(self, host: int) -> list[str]:
        user, net = self._keepers[0].pid, self._keepers[host].pid
        namespaces = [f"--user=/proc/{user}/ns/user", f"--net=/proc/{net}/ns/net"]
        namespaces += [f"--mount=/proc/{net}/ns/mnt"]
        return ["nsenter", *namespaces, "--preserve-credentials", "--"]

    def _at_the_bridge(self, command: str) -> None:
        self.run(0, command.split())

    def _keep(self, command: list[str]) -> subprocess.Popen[bytes]:
        """Start a process that keeps its namespaces alive for as long as this one lives."""
        keeper = subprocess.Popen(
            [*command, "sh", "-c", "echo there; exec cat > /dev/null"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._keepers.append(keeper)
        assert keeper.stdout is not None
        if keeper.stdout.readline() != b"there\n":
            raise OSError("network namespaces cannot be made here")
        return keeper


def can_make_lan() -> bool:
    """Return whether this machine can make and allows network namespaces."""
    try:
        with Lan() as lan:
            lan.add_host()
        return True
    except (OSError, subprocess.SubprocessError):
        return False
