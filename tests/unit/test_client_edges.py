"""Clients and their sessions: addresses that stand for others, and how exactly uses are noted."""

from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address

import attrs
import pytest

from leadnator_auth.domain import Client, Session, SessionId
from leadnator_auth.domain.entities.session import embedded_ipv4, unmapped
from leadnator_auth.domain.entities.user import without_secrets, without_sessions
from leadnator_auth.testing.contract.samples import NOW, a_session, a_user

ALICE = a_user()
MOMENT, MINUTE = timedelta(microseconds=1), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::1")],
)
def test_an_ipv4_address_is_one_however_it_is_written(written: str, meant: str) -> None:
    assert unmapped(ip_address(written)) == ip_address(meant)


@pytest.mark.parametrize(
    ("last", "embedded"), [(0, None), (1, None), (0xFF, None), (0x100, "0.0.1.0"), (0xC000_0201, "192.0.2.1")]
)
def test_what_begins_with_zeros_alone_is_an_ipv4_address_but_for_the_lowest(last: int, embedded: str | None) -> None:
    assert embedded_ipv4(IPv6Address(last)) == (embedded and IPv4Address(embedded))


@pytest.mark.parametrize(
    ("idle", "exactly"),
    [(2 * MINUTE, timedelta(seconds=2)), (60 * MINUTE, MINUTE), (61 * MINUTE, MINUTE), (600 * MINUTE, MINUTE)],
)
def test_a_use_is_noted_to_a_sixtieth_of_how_long_a_session_may_be_idle(idle: timedelta, exactly: timedelta) -> None:
    session = attrs.evolve(a_session(ALICE), created_at=NOW, last_used_at=NOW, epoch=ALICE.session_epoch)
    assert not session.is_use_to_be_noted(NOW + exactly - MOMENT, idle)
    assert session.is_use_to_be_noted(NOW + exactly, idle)
    assert session.is_live(ALICE, NOW + idle + exactly - MOMENT, idle)
    assert not session.is_live(ALICE, NOW + idle + exactly, idle)
    assert not session.is_live(ALICE, NOW + 2 * idle + exactly, idle)


def test_an_agent_is_the_same_after_an_update() -> None:
    firefox = [
        Client(user_agent=f"Mozilla/5.0 (X11; rv:{version}) Firefox/{version}") for version in ("140.0", "141.2")
    ]
    assert len({each.agent for each in (*firefox, Client(user_agent="curl/8"))}) == 2


@pytest.mark.parametrize(
    ("ip", "shown"),
    [
        ("2001:DB8::A", "2001:DB8::A"),
        ("::FFFF:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.1"),
        ("ffff", "ffff"),
        ("::ffff:nowhere", "::ffff:nowhere"),
    ],
)
def test_an_address_is_shown_as_it_came_unless_it_is_an_ipv4_one(ip: str, shown: str) -> None:
    assert Client(ip).ip == shown


def test_a_session_begins_with_a_proof() -> None:
    session = Session(SessionId("s_1"), ALICE.id, NOW, NOW + MINUTE)
    assert (session.authenticated_at, session.proof.authenticated_at) == (NOW, NOW)


def test_sessions_and_secrets_end_as_often_as_they_are_ended() -> None:
    user, ended = ALICE, [(ALICE.session_epoch, ALICE.secret_epoch)]
    for _ in range(4):
        user = without_secrets(without_sessions(user))
        ended.append((user.session_epoch, user.secret_epoch))
    assert ended == [(number, number) for number in range(5)]
