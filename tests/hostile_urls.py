"""URLs that messages must never be sent to, and a name server that lies."""

import socket
from typing import Any

import pytest

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
