"""The proxies in front of the hub: whose word counts for where a request comes from."""

from lepton_hub.proxies.trusted_proxies import BadProxies, TrustedProxies, parse_proxies

__all__ = ["BadProxies", "TrustedProxies", "parse_proxies"]
