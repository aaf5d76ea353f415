"""Trusted proxies, and how they determine a request's origin."""

from lepton_hub.proxies.trusted_proxies import BadProxies, TrustedProxies, parse_proxies

__all__ = ["BadProxies", "TrustedProxies", "parse_proxies"]
