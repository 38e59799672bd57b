"""The address that a request comes from."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The client's address, taken from the proxy's header if the settings name a proxy.

    Only the last entry of `X-Forwarded-For` comes from our proxy. Clients can forge the others.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    address = str(request.META.get("REMOTE_ADDR", ""))
    if settings.SECURE_PROXY_SSL_HEADER and forwarded:
        address = str(forwarded).rpartition(",")[2].strip()[:64]
    return address


def network_of(address: str) -> str:
    """The address, or the /64 of an IPv6 address: one customer has at least that many."""
    parsed = _parsed(address)
    if parsed is None or parsed.version == 4:
        return str(parsed or address)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def is_in_networks(address: str, networks: list[str]) -> bool:
    """Whether an address is in one of the networks, such as `10.0.0.0/8`."""
    parsed = _parsed(address)
    return parsed is not None and any(parsed in ipaddress.ip_network(one) for one in networks)


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return mapped or parsed
