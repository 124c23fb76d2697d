"""Whom a request comes from, as proxies that are trusted say: an IPv4 address is one in whatever form it comes."""

import pytest
from starlette.types import Receive, Scope, Send

from leadnator_auth.domain import Client
from leadnator_auth.entrypoints.server.forwarded import ForwardedClient
from leadnator_auth.entrypoints.settings import Settings

TRUSTED = "10.0.0.0/8, 2001:db8:1::/48"


async def seen(peer: str | None, *forwarded: str, trusted: str = TRUSTED, proto: str = "") -> tuple[str | None, str]:
    """Returns the client and the scheme that an application is told."""
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)

    async def unused(*_: object) -> None:
        raise AssertionError

    headers = [(b"x-forwarded-for", each.encode("latin-1")) for each in forwarded]
    headers += [(b"x-forwarded-proto", proto.encode())] if proto else []
    client = (peer, 4711) if peer else None
    scope = {"type": "http", "client": client, "scheme": "http", "headers": headers}
    networks = Settings.read({"LEADNATOR_TRUSTED_PROXIES": trusted}).trusted_proxies
    await ForwardedClient(app, networks)(scope, unused, unused)  # type: ignore[arg-type]  # neither is called
    told = scopes[0]["client"]
    return (told[0] if told else None), scopes[0]["scheme"]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["192.0.2.1, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9, 10.1.2.3"], "203.0.113.9"),
        ("10.0.0.1", ["192.0.2.1", "203.0.113.9", "10.1.2.3"], "203.0.113.9"),
        ("10.0.0.1", ["10.1.2.3, 10.9.9.9"], "10.1.2.3"),
        ("10.0.0.1", ["2001:db8:2::7, 2001:db8:1::9"], "2001:db8:2::7"),
        # IPv4 as IPv6 writes it (RFC 4291 section 2.5.5.2), in an entry, as the peer and as a network.
        ("10.0.0.1", ["203.0.113.9, ::ffff:10.1.2.3"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9, ::FFFF:a01:203"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9, 0:0:0:0:0:ffff:10.1.2.3"], "203.0.113.9"),
        ("10.0.0.1", ["::ffff:203.0.113.9"], "203.0.113.9"),
        ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("::ffff:203.0.113.9", ["192.0.2.1"], "203.0.113.9"),
        # With a port, as some proxies write it.
        ("10.0.0.1", ["203.0.113.9:51000"], "203.0.113.9"),
        ("10.0.0.1", ["[2001:db8:2::7]:51000, 10.1.2.3:80"], "2001:db8:2::7"),
        ("10.0.0.1", ["[2001:db8:2::7]"], "2001:db8:2::7"),
        # Blanks and empty entries (RFC 9110 section 5.6.1).
        ("10.0.0.1", ["\t203.0.113.9 ,, 10.1.2.3 ,"], "203.0.113.9"),
        # What is no address is nobody's: the peer's own counts.
        ("10.0.0.1", ["203.0.113.9, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9, _hidden, 10.1.2.3"], "10.0.0.1"),
        ("10.0.0.1", ["unix:"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.009"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9/32"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9\xa0"], "10.0.0.1"),
        ("10.0.0.1", ["x" * 10_000], "10.0.0.1"),
        ("10.0.0.1", ["3405803785"], "10.0.0.1"),
        # From elsewhere it counts nothing.
        ("203.0.113.9", ["192.0.2.1"], "203.0.113.9"),
        ("64:ff9b::a00:1", ["192.0.2.1"], "64:ff9b::a00:1"),
        ("not an address", ["192.0.2.1"], "not an address"),
        (None, ["192.0.2.1"], None),
        ("10.0.0.1", [], "10.0.0.1"),
    ],
)
async def test_the_last_address_that_is_no_trusted_proxy_is_the_client(
    peer: str | None, forwarded: list[str], client: str | None
) -> None:
    assert (await seen(peer, *forwarded))[0] == client


@pytest.mark.parametrize("trusted", ["::ffff:10.0.0.0/104", "::ffff:10.0.0.1", "10.0.0.1"])
async def test_a_network_may_be_written_in_each_form(trusted: str) -> None:
    for peer in ("10.0.0.1", "::ffff:10.0.0.1"):
        assert (await seen(peer, "203.0.113.9", trusted=trusted))[0] == "203.0.113.9"


async def test_where_no_proxy_is_trusted_none_is() -> None:
    for peer in ("127.0.0.1", "::1", "10.0.0.1"):
        assert await seen(peer, "203.0.113.9", trusted="", proto="https") == (peer, "http")
    assert await seen("::ffff:192.0.2.1", "203.0.113.9", trusted="") == ("192.0.2.1", "http")


@pytest.mark.parametrize(
    ("peer", "proto", "scheme"),
    [
        ("10.0.0.1", "https", "https"),
        ("::ffff:10.0.0.1", " https\t", "https"),
        ("10.0.0.1", "gopher", "http"),
        ("203.0.113.9", "https", "http"),
    ],
)
async def test_so_is_the_scheme_told(peer: str, proto: str, scheme: str) -> None:
    assert (await seen(peer, "198.51.100.1", proto=proto))[1] == scheme


@pytest.mark.parametrize("ip", ["::ffff:192.0.2.1", "::ffff:c000:201", "0:0:0:0:0:FFFF:192.0.2.1", "192.0.2.1"])
def test_an_ipv4_client_is_shown_and_counted_as_one(ip: str) -> None:
    assert (Client(ip=ip).ip, Client(ip=ip).network) == ("192.0.2.1", "192.0.2.1")


@pytest.mark.parametrize("ip", ["2001:db8::ffff", "64:ff9b::c000:201", "::ffff:300.1.1.1", "ffff", ""])
def test_what_is_none_is_shown_as_it_is(ip: str) -> None:
    assert Client(ip=ip).ip == ip
