"""Ports for servers that are still to start."""

from __future__ import annotations

import random
import socket
from contextlib import suppress
from itertools import count
from pathlib import Path

FIRST = 10_000
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")

_turn = count(random.randrange(1 << 16))  # another hub of the machine begins elsewhere


def non_ephemeral_port() -> int:
    """Return a free port below those that the system gives to whoever asks for any (Linux).

    A server may take seconds to start, and start again later: nobody else is on its port by chance.
    Nor does another server that starts meanwhile: a port has its turn again after all others.
    """
    with suppress(OSError, ValueError):
        number = int(EPHEMERAL.read_text().split()[0]) - FIRST
        for _ in range(number):
            with suppress(OSError):
                return _bound(FIRST + next(_turn) % number)
    return _bound(0)


def _bound(port: int) -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))
        return probe.getsockname()[1]
