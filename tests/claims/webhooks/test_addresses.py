"""Hostile URLs are refused, whether the URL or what its name resolves to is hostile."""

from ipaddress import ip_network

import pytest

from claims.webhooks.addresses import BadUrl, parse_url, resolve
from tests.hostile_urls import HOSTILE, names_resolve_to

PRIVATE = [ip_network("10.1.0.0/16"), ip_network("127.0.0.0/8"), ip_network("::1/128")]


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
