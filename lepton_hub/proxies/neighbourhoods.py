"""Who counts as one where somebody is not known yet: an address, or a household's network."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv6Address, ip_address, ip_network


def neighbourhood_of(host: str) -> str:
    """Return an address; of IPv6, the network of one household, which has 2**64 addresses.

    >>> neighbourhood_of("2001:db8::1"), neighbourhood_of("::ffff:10.0.0.1")
    ('2001:db8::/64', '10.0.0.1')
    """
    with suppress(ValueError):
        address = ip_address(host)
        if isinstance(address, IPv6Address):
            mapped = address.ipv4_mapped
            return str(mapped or ip_network((address, 64), strict=False))
    return host
