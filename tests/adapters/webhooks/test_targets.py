"""Where a message goes: to no address that is not public, however it is written or comes about."""

from collections.abc import Sequence

import httpcore2
import pytest

from leadnator_auth.adapters.webhooks import GuardedNetwork, HttpWebhookSender
from leadnator_auth.adapters.webhooks.guarded_network import MAX_ADDRESSES, Resolve, resolved
from leadnator_auth.domain import UnreachableError, WebhookTargetRefusedError
from leadnator_auth.testing.contract.webhook_sender import a_message
from tests.adapters.webhooks.fake_network import NO_TLS, FakeNetwork, FakeStream, answering, at_once, names

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
PUBLIC, OTHER = "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"
HOSTS = [
    "127.0.0.1",
    "127.0.0.53",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7F.1",
    "0177.0.0.1",
    "017700000001",
    "localhost",
    "LOCALHOST",
    "0",
    "0.0.0.0",  # noqa: S104
    "0x0",
    "10.0.0.1",
    "10.1",
    "012.0.0.1",
    "167772161",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "192.168.257",
    "0xc0a80001",
    "169.254.169.254",
    "169.16689662",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "198.18.0.1",
    "192.0.2.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::FFFF:A9FE:A9FE]",
    "[0:0:0:0:0:ffff:10.0.0.1]",
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::a00:1]",
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[2001:db8::1]",
    "[2600::5efe:a00:1]",
]


def sender_to(network: httpcore2.AsyncNetworkBackend, resolve: Resolve = resolved) -> HttpWebhookSender:
    return HttpWebhookSender(GuardedNetwork(network=network, resolve=resolve), ssl_context=NO_TLS)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("port", ["", ":8443"])
async def test_an_address_in_any_spelling_is_looked_at(host: str, port: str) -> None:
    """These need no name server: the system reads them as addresses, and knows its own names."""
    network = answering(OK)
    with pytest.raises(WebhookTargetRefusedError) as refused:
        await sender_to(network).post(a_message(f"https://{host}{port}/secret-path?token=geheim"))
    assert network.connected == []
    assert "secret-path" not in str(refused.value)
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize("host", ["localhost.", "127.0.0.1."])
async def test_a_dot_at_the_end_leads_nowhere_else(host: str) -> None:
    """Whether it is read as the same depends on the system."""
    network = answering(OK)
    with pytest.raises(UnreachableError):
        await sender_to(network).post(a_message(f"https://{host}/"))
    assert network.connected == []


@pytest.mark.parametrize("host", ["93.184.215.14", "0x5db8d70e", "1572394766", f"[{OTHER}]", "[::ffff:93.184.215.14]"])
async def test_an_address_of_the_internet_is_sent_to(host: str) -> None:
    network = answering(OK)
    assert await sender_to(network).post(a_message(f"https://{host}/")) == 200
    assert len(network.connected) == 1


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1", PUBLIC],
        [PUBLIC, "10.0.0.1"],
        [PUBLIC, OTHER, "::1"],
        [OTHER, "fe80::1%eth0"],
        [PUBLIC, "::ffff:169.254.169.254"],
        [PUBLIC, "64:ff9b::a00:1"],
        [PUBLIC, "not an address"],
        [*[PUBLIC] * MAX_ADDRESSES, "192.168.0.1"],
    ],
    ids=str,
)
async def test_a_name_with_one_address_that_is_not_public_is_refused_whole(addresses: list[str]) -> None:
    network = answering(OK)
    sender = sender_to(network, names(hooks=addresses))
    with pytest.raises(WebhookTargetRefusedError) as refused:
        await sender.post(a_message("https://hooks.example.com/"))
    assert network.connected == []
    assert "hooks.example.com" in str(refused.value)
    assert not any(address in str(refused.value) for address in addresses), "what is inside is nobody's business"


async def test_what_was_looked_at_is_what_is_connected_to() -> None:
    """DNS rebinding: the second answer would lead inside, so nobody asks for it."""
    answers = iter([[PUBLIC], ["127.0.0.1"]])

    async def rebinding(host: str, port: int) -> Sequence[str]:
        return next(answers)

    network = answering(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
    sender = sender_to(network, rebinding)
    assert await sender.post(a_message("https://hooks.example.com/")) == 200
    assert network.connected == [PUBLIC]
    with pytest.raises(WebhookTargetRefusedError):  # a new connection is looked at anew
        await sender.post(a_message("https://hooks.example.com/"))
    assert network.connected == [PUBLIC]


@pytest.mark.parametrize("location", ["http://127.0.0.1/", "https://169.254.169.254/latest/", "//10.0.0.1/", "/again"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_nothing_more(location: str, status: int) -> None:
    network = answering(f"HTTP/1.1 {status} Elsewhere\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n".encode())
    sender = sender_to(network, names(hooks=[PUBLIC]))
    assert await sender.post(a_message("https://hooks.example.com/")) == status
    assert network.connected == [PUBLIC]
    assert network.streams[0].written.count(b"POST ") == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "HTTP://hooks.example.com/",
        "ftp://hooks.example.com/",
        "file:///etc/passwd",
        "unix:/run/docker.sock",
        "gopher://hooks.example.com/",
        "wss://hooks.example.com/",
        "//hooks.example.com/",
        "hooks.example.com",
        "",
        "https://",
        "https:///path",
        "https://hooks.example.com:65536/",
        "https://hooks.example.com:99999/",
        "https://hooks.example.com:port/",
        "https://hooks.example.com\t/",
        "https://hooks.example.com/\r\nx: y",
        "https://[::1/",
        "https://[fe80::1%25eth0]:1:1/",
        "https://①②⑦.0.0.1/",
        "https://\uff10x7f.1/",
    ],
)
async def test_what_is_no_https_url_is_refused(url: str) -> None:
    network = answering(OK)
    sender = sender_to(network, names(hooks=[PUBLIC]))
    with pytest.raises(WebhookTargetRefusedError):
        await sender.post(a_message(url))
    assert network.connected == []


async def test_where_private_targets_are_allowed_they_and_plain_http_are_sent_to() -> None:
    network = answering(OK)
    sender = HttpWebhookSender(
        GuardedNetwork(private_targets=True, network=network), plain_http=True, ssl_context=NO_TLS
    )
    for url in ("http://127.0.0.1:9/", "https://[::1]/", "http://10.0.0.1/"):
        assert await sender.post(a_message(url)) == 200
    assert network.connected == ["127.0.0.1", "::1", "10.0.0.1"]


async def test_addresses_are_tried_in_turn_and_not_without_end() -> None:
    async def refuse(address: str) -> None:
        if address != OTHER:
            raise httpcore2.ConnectError("no")

    network = FakeNetwork(lambda: FakeStream(at_once(OK)), before=refuse)
    sender = sender_to(network, names(hooks=[PUBLIC, OTHER]))
    assert await sender.post(a_message("https://hooks.example.com/")) == 200
    assert network.connected == [PUBLIC, OTHER]

    network.connected.clear()
    many = [f"8.8.8.{number}" for number in range(200)]
    sender = sender_to(network, names(hooks=many))
    with pytest.raises(UnreachableError, match="no connection"):
        await sender.post(a_message("https://hooks.example.com/"))
    assert network.connected == many[:MAX_ADDRESSES]


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example", "fe80::1%nothing"])
async def test_a_name_that_leads_nowhere_is_away_for_now(host: str) -> None:
    with pytest.raises(UnreachableError, match="cannot be resolved"):
        await resolved(host, 443)


async def test_a_name_without_addresses_is_away_for_now() -> None:
    sender = sender_to(answering(OK), names(hooks=[]))
    with pytest.raises(UnreachableError, match="no address"):
        await sender.post(a_message("https://hooks.example.com/"))
