"""Media tokens, in memory: one path, a few minutes, one session."""

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Identity,
    InvalidFieldsError,
    InvalidTokenError,
    MissingFieldsError,
    SignedIn,
    identify,
    identify_for_media,
    issue_media_token,
    log_out,
)


def media_token(memory: MemoryPorts, identity: Identity, path: str = "/media/42") -> str:
    return issue_media_token(identity, path, ports=memory).token


async def assert_refused(memory: MemoryPorts, token: str, path: str) -> None:
    with pytest.raises(InvalidTokenError):
        await identify_for_media(token, path, ports=memory)


@pytest.mark.parametrize("prefix", ["/media/42", "/media/42/"])
@pytest.mark.parametrize("path", ["/media/42", "/media/42/", "/media/42/a.png", "/media/42/a/b c/é.png"])
async def test_it_opens_its_path_and_what_lies_below(
    memory: MemoryPorts, identity: Identity, prefix: str, path: str
) -> None:
    token = media_token(memory, identity, prefix)
    assert await identify_for_media(token, path, ports=memory) == identity


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/media",
        "/media/4",
        "/media/420",
        "/media/42.png",
        "/MEDIA/42",
        "/media/42/../43",
        "/media/42/./a",
        "/media/42//a",
        "//media/42",
        "/media//42",
        "/media/42/..",
        "/media/42/%2e%2e/43",
        "/media/42%2Fa",
        "/media/42\\..\\43",
        "/media/42\0",
        "/media/42\n/a",
        "media/42",
        "/x/media/42",
        "x/media/42",
        "/media/42//",
        "/media/42;x/a",
        "/media/42/a;b",
    ],
)
async def test_it_opens_no_other_path_by_any_spelling(memory: MemoryPorts, identity: Identity, path: str) -> None:
    await assert_refused(memory, media_token(memory, identity), path)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "//",
        "media",
        "x/media",
        "/a//",
        "/a;b",
        "/a/../b",
        "/a//b",
        "/a/.",
        "/a?b",
        "/a#b",
        "/a%2fb",
        "/a\\b",
        "/a\tb",
        7,
    ],
)
async def test_a_path_that_can_be_read_in_two_ways_gets_none(
    memory: MemoryPorts, identity: Identity, path: object
) -> None:
    with pytest.raises(InvalidFieldsError):
        issue_media_token(identity, path, ports=memory)


async def test_a_path_has_a_limit_and_must_be_there(memory: MemoryPorts, identity: Identity) -> None:
    assert issue_media_token(identity, "/" + "x" * 1023, ports=memory)
    with pytest.raises(InvalidFieldsError):
        issue_media_token(identity, "/" + "x" * 1024, ports=memory)
    with pytest.raises(MissingFieldsError):
        issue_media_token(identity, None, ports=memory)


async def test_it_lives_three_minutes(memory: MemoryPorts, identity: Identity) -> None:
    issued = issue_media_token(identity, "/media/42", ports=memory)
    assert (issued.expires_at - memory.clock.now()).total_seconds() == 180
    memory.clock.advance(seconds=239)
    assert await identify_for_media(issued.token, "/media/42", ports=memory)
    memory.clock.advance(seconds=1)
    await assert_refused(memory, issued.token, "/media/42")


async def test_it_never_outlives_its_session(memory: MemoryPorts, identity: Identity) -> None:
    memory.clock.advance(days=7, minutes=-1)
    issued = issue_media_token(identity, "/media/42", ports=memory)
    assert issued.expires_at == identity.session.expires_at


async def test_it_dies_with_its_session(memory: MemoryPorts, identity: Identity) -> None:
    token = media_token(memory, identity)
    await log_out(identity, ports=memory)
    await assert_refused(memory, token, "/media/42")


async def test_it_is_no_access_token(memory: MemoryPorts, identity: Identity) -> None:
    with pytest.raises(InvalidTokenError):
        await identify(media_token(memory, identity), ports=memory)


async def test_an_access_token_opens_any_path(memory: MemoryPorts, alice: SignedIn, identity: Identity) -> None:
    for path in ("/media/42", "/", "/a/../b"):
        assert await identify_for_media(alice.token, path, ports=memory) == identity


async def test_without_a_path_it_opens_nothing(memory: MemoryPorts, identity: Identity) -> None:
    claims = memory.tokens.read(media_token(memory, identity))
    await assert_refused(memory, memory.tokens.issue(attrs.evolve(claims, path=None)), "/media/42")


async def test_it_does_not_show(memory: MemoryPorts, identity: Identity) -> None:
    issued = issue_media_token(identity, "/media/42", ports=memory)
    assert issued.token not in repr(issued)


async def test_it_counts_in_whole_seconds(memory: MemoryPorts, identity: Identity) -> None:
    memory.clock.advance(microseconds=999_999)
    issued = issue_media_token(identity, "/media/42", ports=memory)
    claims = memory.tokens.read(issued.token)
    assert issued.expires_at == claims.expires_at
    assert (claims.issued_at.microsecond, claims.expires_at.microsecond) == (0, 0)
