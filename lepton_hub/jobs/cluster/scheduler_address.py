"""Validate a Dask scheduler's address: it must be encrypted, or on this machine."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


class UnsafeScheduler(ValueError):
    """The hub refuses to send jobs to an address; the message says why."""


def checked_address(address: str) -> str:
    """Return a scheduler's address if it is safe for jobs. Raises UnsafeScheduler.

    >>> checked_address("tls://10.0.0.1:8786")
    'tls://10.0.0.1:8786'
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or port is None or address != f"{parts.scheme}://{parts.netloc}":
        raise UnsafeScheduler(
            f"A Dask scheduler's address is tls://HOST:PORT or tcp://127.0.0.1:PORT, not {address}."
        )
    if parts.scheme == "tls" or (parts.scheme == "tcp" and _is_loopback(host)):
        return address
    raise UnsafeScheduler(
        f"{address} is not encrypted: anybody who listens or joins there could read the jobs' "
        "data. Use tls://HOST:PORT (docs/cluster.md); tcp:// is only for this machine."
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
