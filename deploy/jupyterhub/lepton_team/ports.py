"""Ports for servers that are still to start."""

from __future__ import annotations

import random
import socket
from contextlib import suppress
from pathlib import Path

FIRST = 10_000
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def non_ephemeral_port() -> int:
    """Return a free port below those that the system gives to whoever asks for any (Linux).

    A server may take seconds to start, and start again later: nobody else is on its port by chance.
    """
    with suppress(OSError, ValueError):
        lowest = int(EPHEMERAL.read_text().split()[0])
        for port in random.sample(range(FIRST, lowest), k=100):
            with suppress(OSError):
                return _bound(port)
    return _bound(0)


def _bound(port: int) -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))
        return probe.getsockname()[1]
