"""Which URLs and addresses messages may be sent to.

A URL comes from an owner of the desk, who must not be able to reach the studio's internal services
through this server. So its form is checked strictly, its name is resolved once for each
connection, and that address is checked and connected to: a name that resolves to another address
the next time ("rebinding") gains nothing.
"""

import ipaddress
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST_URL = 2000
DEFAULT_PORTS = {"https": 443, "http": 80}
PUBLIC_PORTS = (443, 8443)
LOWEST_PRIVATE_PORT = 1024
# The last label of a name has a letter. Otherwise resolvers take `127.1`, `0x7f.1` or `2130706433`
# for an address.
_NAME = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*"
    r"(?=[a-z0-9-]*[a-z])(?!0x[0-9a-f]*\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.?"
)
# Never, whatever is allowed: link-local, and the metadata services of clouds.
_NEVER: tuple[Network, ...] = (
    ipaddress.ip_network("169.254.0.0/16"),
    ipaddress.ip_network("fe80::/10"),
    ipaddress.ip_network("100.100.100.200/32"),  # Alibaba Cloud
    ipaddress.ip_network("168.63.129.16/32"),  # Azure
    ipaddress.ip_network("192.0.0.192/32"),  # Oracle Cloud
    ipaddress.ip_network("fd00:ec2::254/128"),  # AWS
    ipaddress.ip_network("fd20:ce::254/128"),  # Google Cloud
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")


class BadUrl(ValueError):
    """Messages can't be sent to this URL. The text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """A checked URL. `host` is a name or an address, without brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        is_default = self.port == DEFAULT_PORTS[self.scheme]
        return host if is_default else f"{host}:{self.port}"


def parse_url(url: str) -> Target:
    """Check the form of a URL. Raises BadUrl."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise BadUrl(_("Use only ASCII characters, without spaces."))
    if len(url) > LONGEST_URL:
        raise BadUrl(_("The URL is too long."))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadUrl(_("This isn't a URL.")) from error
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise BadUrl(_("Enter a URL that begins with https://."))
    if "@" in parts.netloc:
        raise BadUrl(_("A URL with a user name or password isn't allowed."))
    if "#" in url:
        raise BadUrl(_("A URL with a “#” isn't allowed."))
    host = parts.hostname
    if _literal(host) is None and not _NAME.fullmatch(host):
        raise BadUrl(_("“%(host)s” isn't a host name.") % {"host": host})
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, DEFAULT_PORTS[parts.scheme] if port is None else port, path)


def resolve(target: Target, *, allowed: Sequence[Network]) -> str:
    """Resolve the host, and return an address to connect to. Raises BadUrl.

    `allowed` are the networks besides the internet. Every address of the name must be allowed: a
    resolver may return them in any order.
    """
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise BadUrl(_("The name %(host)s isn't found.") % {"host": target.host}) from error
    addresses = [str(one[4][0]) for one in found]
    for address in addresses:
        check_address(address, target, allowed=allowed)
    # IPv4 first: many servers have an IPv6 address that isn't reachable.
    return min(addresses, key=lambda address: ":" in address)


def check_address(text: str, target: Target, *, allowed: Sequence[Network]) -> None:
    """Raise BadUrl unless messages may be sent to this address."""
    address = ipaddress.ip_address(text.partition("%")[0])
    meant = [address, *_embedded(address)]
    if any(one in network for one in meant for network in _NEVER if one.version == network.version):
        raise BadUrl(_("Link-local and metadata addresses are never allowed."))
    real = meant[-1]
    is_allowed = any(real in network for network in allowed if real.version == network.version)
    if not is_allowed and not all(_is_public(one) for one in meant):
        raise BadUrl(
            _("%(host)s is in a private network. To allow it, add it to WEBHOOK_PRIVATE_NETWORKS.")
            % {"host": target.host}
        )
    if target.scheme != "https" and not (is_allowed and real.is_loopback):
        raise BadUrl(_("Enter a URL that begins with https://."))
    is_usual = target.port in PUBLIC_PORTS
    if not is_usual and not (is_allowed and target.port >= LOWEST_PRIVATE_PORT):
        raise BadUrl(_("Use port 443 or 8443."))


def _is_public(address: Address) -> bool:
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


def _embedded(address: Address) -> list[Address]:
    """The IPv4 addresses that an IPv6 address stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found: list[Address] = []
    if address.ipv4_mapped:
        found.append(address.ipv4_mapped)
    if address.sixtofour:
        found.append(address.sixtofour)
    if address.teredo:
        found += address.teredo
    is_compatible = address in _COMPATIBLE and int(address) > 0xFFFF
    if address in _NAT64 or is_compatible:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return found


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
