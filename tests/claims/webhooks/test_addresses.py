"""Hostile URLs are refused, whether the URL or what its name resolves to is hostile."""

import socket
from ipaddress import ip_network
from typing import Any

import pytest

from claims.webhooks.addresses import BadUrl, parse_url, resolve

PRIVATE = [ip_network("10.1.0.0/16"), ip_network("127.0.0.0/8"), ip_network("::1/128")]

# Refused by their form or by their address, with nothing but the internet allowed.
HOSTILE = [
    "http://93.184.215.14/",
    "ftp://93.184.215.14/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "https:///path",
    "https://user:password@93.184.215.14/",
    "https://user@93.184.215.14/",
    "https://93.184.215.14/#fragment",
    "https://93.184.215.14\\@127.0.0.1/",
    "https://93.184.215.14 .example/",
    "https://93.184.215.14/\r\nHost: other",
    "https://93.184.215.14:22/",
    "https://93.184.215.14:6379/",
    "https://93.184.215.14:0/",
    "https://93.184.215.14:99999/",
    "https://localhost/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://0/",
    "https://0.0.0.0/",
    "https://10.0.0.5/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://168.63.129.16/",
    "https://100.100.100.200/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[fe80::1]/",
    "https://[fd00:ec2::254]/",
    "https://[fc00::1]/",
    "https://[ff02::1]/",
    "https://[not-an-address]/",
    "https://①②⑦.⓪.⓪.①/",
    "https://bücher.example/",
    "https://-bad.example/",
    "https://" + "a" * 70 + ".example/",
    "https://93.184.215.14/" + "a" * 2000,
]


def names_resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """What a hostile name server answers. Literal addresses resolve as ever."""
    real = socket.getaddrinfo

    def answer(host: Any, port: Any, **options: Any) -> Any:
        if host.endswith(".example"):
            return [(0, 0, 0, "", (address, port)) for address in addresses]
        return real(host, port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", answer)


@pytest.mark.parametrize("url", HOSTILE)
def test_hostile_url_is_refused(url: str) -> None:
    with pytest.raises(BadUrl):
        resolve(parse_url(url), allowed=[])


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fe80::1%eth0", "0.0.0.0"],
)
def test_name_that_resolves_to_an_internal_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    names_resolve_to(monkeypatch, address)

    with pytest.raises(BadUrl):
        resolve(parse_url("https://drops.example/"), allowed=[])


def test_name_with_one_internal_address_among_others_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names_resolve_to(monkeypatch, "93.184.215.14", "127.0.0.1")

    with pytest.raises(BadUrl):
        resolve(parse_url("https://drops.example/"), allowed=[])


def test_public_name_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    names_resolve_to(monkeypatch, "2606:2800:21f::1", "93.184.215.14")

    target = parse_url("https://drops.example:8443/hook?a=1")

    assert resolve(target, allowed=[]) == "93.184.215.14"
    assert (target.path, target.authority) == ("/hook?a=1", "drops.example:8443")


@pytest.mark.parametrize(
    "url",
    ["https://10.1.2.3/", "https://10.1.2.3:9000/", "http://127.0.0.1:8300/", "http://[::1]:8300/"],
)
def test_allowed_private_network_is_accepted(url: str) -> None:
    assert resolve(parse_url(url), allowed=PRIVATE)


@pytest.mark.parametrize(
    "url",
    [
        "http://10.1.2.3/",  # without encryption only to this machine
        "https://10.2.0.1/",
        "https://10.1.2.3:22/",
        "https://169.254.169.254/",
        "https://[::ffff:169.254.169.254]/",
    ],
)
def test_rest_is_refused_with_private_networks_allowed(url: str) -> None:
    with pytest.raises(BadUrl):
        resolve(parse_url(url), allowed=PRIVATE)


def test_link_local_is_refused_even_if_its_network_is_allowed() -> None:
    with pytest.raises(BadUrl):
        resolve(parse_url("https://169.254.169.254/"), allowed=[ip_network("0.0.0.0/0")])
