"""A verifier over a real server: what the command does to the signing keys is known to it by the feed, and soon."""

import json
from collections.abc import Callable, Iterator

import jwt
import pytest

from leadnator_auth.verifier import InvalidTokenError, Verifier, VerifierUnavailableError
from tests.e2e.conftest import Serve
from tests.e2e.server import Server, run, until

pytestmark = pytest.mark.slow

MASTER_KEY = "a master key of the tests that is long enough"
SOON_SECONDS = 20.0
"""Well before a verifier would fetch the keys by itself, which is after five minutes, or one for an unknown key."""


def command(server: Server, *arguments: str) -> str:
    """Returns what the command prints."""
    done = run(*arguments, home=server.home, settings=server.settings)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def server(serve: Serve) -> Server:
    return serve("--workers", "2", JWT_ALGORITHM="EdDSA", MASTER_KEY=MASTER_KEY)


@pytest.fixture
def verifier(server: Server) -> Iterator[Verifier]:
    server.sign_up("root@example.com")
    command(server, "users", "set", "root@example.com", "--role", "admin")
    made = command(server, "api-keys", "create", "root@example.com", "--name", "x", "--scope", "revocations", "--json")
    # It waits for longer than a test does: only what is told at once helps.
    with Verifier(server.url, api_key=json.loads(made)["secret"], max_age=60) as verifier:
        verifier.wait_until_ready(60)
        yield verifier


def soon(verifier: Verifier, holds: Callable[[], bool]) -> None:
    """Waits until something holds after the verifier learned something."""
    learning = verifier.engine.start()
    with learning.news:
        assert learning.news.wait_for(holds, SOON_SECONDS), "this should have happened long ago"


def is_let_in(verifier: Verifier, token: str) -> bool:
    try:
        verifier.verify(token)
    except InvalidTokenError:
        return False
    except VerifierUnavailableError as error:
        pytest.fail(str(error))
    return True


def kid_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def signed_by_another(kid: str, server: Server) -> str:
    """Returns the token of a new log-in, once it is not signed with this key any more."""

    def logged_in() -> str:
        token = str(server.log_in().json["token"])
        return "" if kid_of(token) == kid else token

    return until(logged_in, "the next key to sign")


def test_a_retired_key_and_one_that_signs_early_are_known_to_who_verifies_elsewhere(
    server: Server, verifier: Verifier
) -> None:
    tokens = [str(server.sign_up().json["token"])]
    assert is_let_in(verifier, tokens[-1])
    assert is_let_in(verifier, tokens[-1]), "it is remembered by now"
    for _ in range(3):
        command(server, "keys", "retire", kid_of(tokens[-1]))
        soon(verifier, lambda: not is_let_in(verifier, tokens[-1]))
        tokens.append(signed_by_another(kid_of(tokens[-1]), server))
        assert is_let_in(verifier, tokens[-1]), "its key was published when the other one ended"
    assert len({kid_of(token) for token in tokens}) == 4
    assert [is_let_in(verifier, token) for token in tokens] == [False, False, False, True]
