"""Group unknown callers by IPv4 address or by a household's IPv6 network."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv6Address, ip_address, ip_network


def neighbourhood_of(host: str) -> str:
    """Return an IPv4 address, or the /64 network of an IPv6 address.

    >>> neighbourhood_of("2001:db8::1"), neighbourhood_of("::ffff:10.0.0.1")
    ('2001:db8::/64', '10.0.0.1')
    """
    with suppress(ValueError):
        address = ip_address(host)
        if isinstance(address, IPv6Address):
            mapped = address.ipv4_mapped
            return str(mapped or ip_network((address, 64), strict=False))
    return host
