"""The sockets that a server listens on: for both families where that is meant, and a line where it cannot."""

import re
import socket
from contextlib import ExitStack

import pytest

from leadnator_auth.entrypoints.server.listening import listening, place
from leadnator_auth.entrypoints.settings.errors import StartError
from tests.e2e.server import free_port


def reached(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=10).close()
    except OSError:
        return False
    return True


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("host", "ipv4", "ipv6"),
    [
        ("::", True, True),
        ("0::0", True, True),
        ("::1", False, True),
        ("127.0.0.1", True, False),
        ("0.0.0.0", True, False),  # noqa: S104 (what is tested)
    ],
)
def test_it_is_reached_by_the_families_that_are_meant(host: str, ipv4: bool, ipv6: bool) -> None:
    port = free_port()
    if ":" in host and not has_ipv6():
        with pytest.raises(StartError, match=re.escape(place(host, port))):
            listening(host, port)
        return
    with ExitStack() as stack:
        for listener in listening(host, port):
            stack.enter_context(listener)
        assert (reached("127.0.0.1", port), reached("::1", port)) == (ipv4, ipv6 and has_ipv6())


def test_a_name_is_listened_on_at_each_of_its_addresses() -> None:
    port = free_port()
    own = {address[0] for *_, address in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM)}
    with ExitStack() as stack:
        listeners = [stack.enter_context(listener) for listener in listening("localhost", port)]
        assert {listener.getsockname()[0] for listener in listeners} == {
            each for each in own if ":" not in str(each) or has_ipv6()
        }
        assert reached("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "says"),
    [
        ("nowhere.invalid", ""),
        ("192.0.2.1", "Cannot assign requested address"),
        ("a..b", "no name of a host"),
        ("a" * 64 + ".example", "no name of a host"),
        ("http://127.0.0.1", ""),
        ("127.0.0.1:8000", ""),
        ("[::1]", ""),
    ],
)
def test_a_host_that_is_none_of_ours_is_told_in_one_line(host: str, says: str) -> None:
    with pytest.raises(StartError) as refused:
        listening(host, 8000)
    message = str(refused.value)
    assert message.startswith(f"cannot listen on {place(host, 8000)}: ")
    assert says in message
    assert "\n" not in message


def test_a_port_in_use_is_told_and_nothing_stays_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(StartError, match=f"cannot listen on localhost:{port}: Address already in use: .* --port"):
            listening("localhost", port)
    for listener in listening("localhost", port):
        listener.close()


@pytest.mark.parametrize(("host", "shown"), [("::", "[::]:80"), ("127.0.0.1", "127.0.0.1:80"), ("a.b", "a.b:80")])
def test_a_place_is_shown_as_in_a_url(host: str, shown: str) -> None:
    assert place(host, 80) == shown
