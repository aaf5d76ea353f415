"""The request that a kernel's owner sends to the zygote: one JSON line on a stream of its own."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox import walls

IN_WALLS, WITHOUT_WALLS = b"kernel in walls", b"kernel"
"""What the message to the zygote says that carries the stream."""


@dataclass(frozen=True)
class Request:
    """A request for a kernel. world: the sandbox around it, or None."""

    connection_file: str
    cwd: str
    env: dict[str, str]
    world: walls.World | None


def read_request(stream: socket.socket) -> Request | None:
    """Return the request on a stream, or None when the owner has gone."""
    line = b""
    while not line.endswith(b"\n"):
        data = stream.recv(65536)
        if not data:
            return None
        line += data
    fields = json.loads(line)
    world = fields.pop("world")
    if world is not None:
        world = walls.World(
            Path(world["scratch"]),
            tuple(Path(path) for path in world["readable"]),
            walls.ResourceLimits(**world["limits"]),
            walls.Walls(**world["walls"]),
        )
    return Request(world=world, **fields)
