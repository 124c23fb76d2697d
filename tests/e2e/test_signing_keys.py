"""Signing keys in real processes: published, exchanged and ended by the command while several processes serve."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest

from leadnator_auth.adapters.jwt_tokens import pairs
from leadnator_auth.domain import MasterKeys, PublicKey, SigningAlgorithm
from leadnator_auth.domain.entities.signing_key import SigningKey
from tests.databases import JWT_SECRET, run_sql
from tests.e2e.conftest import Serve
from tests.e2e.server import Server, run, until

pytestmark = pytest.mark.slow

MASTER_KEY = "a master key of the tests that is long enough"
MASTER_KEYS = MasterKeys([MASTER_KEY])
SECONDS = 1_000_000


def keys(server: Server, *arguments: str) -> str:
    """Returns what the command prints."""
    done = run("keys", *arguments, home=server.home, settings=server.settings)
    assert done.returncode == 0, done.stderr
    return done.stdout


def listed(server: Server) -> dict[str, dict[str, Any]]:
    """Returns the key in each state; of retired ones the last."""
    return {key["state"]: key for key in json.loads(keys(server, "list", "--json"))["keys"]}


def statuses(server: Server, token: str) -> set[int]:
    """Returns what several processes say to a token."""
    return {server.get("/api/auth/me", token).status for _ in range(20)}


def test_keys_are_published_exchanged_and_ended_while_it_serves(serve: Serve) -> None:
    server = serve("--workers", "2", JWT_ALGORITHM="EdDSA", MASTER_KEY=MASTER_KEY)
    first = listed(server)
    assert first.keys() == {"next", "signing"}, "of two processes that start at once, one makes the keys"
    token = server.sign_up().json["token"]
    key_set = jwt.PyJWKClient(f"{server.url}/.well-known/jwks.json", lifespan=600)

    def verified(text: str) -> dict[str, Any]:
        key = key_set.get_signing_key_from_jwt(text)
        return jwt.decode(text, key, ["EdDSA"], audience="leadnator", issuer="leadnator-auth")

    assert verified(token)["purpose"] == "access"
    early = run("keys", "rotate", home=server.home, settings=server.settings)
    assert (early.returncode, early.stdout) == (1, "")
    assert first["next"]["can_sign_from"] in early.stderr
    run_sql(server.database_url, f"UPDATE signing_keys SET published_at = published_at - {601 * SECONDS}")
    assert f"{first['next']['kid']} signs from now on" in keys(server, "rotate")
    newer = until(lambda: signed_by(first["next"]["kid"], server), "the next key to sign")
    assert {frozenset(statuses(server, each)) for each in (token, newer)} == {frozenset({200})}
    assert verified(newer)["sub"] == verified(token)["sub"], "a verifier that asked before knows the key already"
    keys(server, "retire", first["signing"]["kid"])
    until(lambda: statuses(server, token) == {401}, "the token to end")
    assert statuses(server, newer) == {200}
    assert first["signing"]["kid"] not in server.get("/.well-known/jwks.json").content.decode()
    assert_sealed(server)


def signed_by(kid: str, server: Server) -> str:
    """Returns the token of a new log-in if it was signed with this key."""
    token = str(server.log_in().json["token"])
    return token if jwt.get_unverified_header(token)["kid"] == kid else ""


def assert_sealed(server: Server) -> None:
    """Fails if there is a private half in what the database keeps."""
    columns = "kid, algorithm, x, y, sealed, master_key_id, state, published_at"
    rows = run_sql(server.database_url, f"SELECT {columns} FROM signing_keys")
    dump = str(run_sql(server.database_url, "SELECT * FROM signing_keys")).encode() + files_of(server.home)
    assert len(rows) == 3
    for kid, algorithm, x, y, sealed, master_key_id, *_ in rows:
        assert kid.encode() in dump
        row = opened_row(kid, algorithm, x, y, sealed, master_key_id)
        private = pairs.bytes_of(pairs.private_key_of(row, MASTER_KEYS))
        assert private not in dump
        assert private.hex().encode() not in dump
        for text in (jwt.utils.base64url_encode(private), jwt.utils.base64url_encode(private).replace(b"-", b"+")):
            assert text not in dump


def files_of(home: Path) -> bytes:
    return b"".join(file.read_bytes() for file in home.glob("*.db*"))


def opened_row(kid: str, algorithm: str, x: str, y: str, sealed: str, master_key_id: str) -> SigningKey:
    public = PublicKey(SigningAlgorithm(algorithm), x, y)
    return SigningKey(
        kid=kid, public=public, sealed=sealed, master_key_id=master_key_id, published_at=datetime.now(UTC)
    )


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            {"DATABASE_URL": "postgresql://a:b@127.0.0.1:1/c", "JWT_SECRET": JWT_SECRET, "JWT_ALGORITHM": "EdDSA"},
            "LEADNATOR_MASTER_KEY: got nothing, takes one or more keys of at least 32 bytes each",
        ),
        ({"JWT_ALGORITHM": "RS256"}, "LEADNATOR_JWT_ALGORITHM: got 'RS256', takes HS256, EdDSA or ES256"),
        ({"JWT_ALGORITHM": "none"}, "LEADNATOR_JWT_ALGORITHM: got 'none', takes HS256, EdDSA or ES256"),
    ],
    ids=["no master key", "another algorithm", "none at all"],
)
def test_what_is_missing_is_told_in_one_line(tmp_path: Path, settings: dict[str, str], says: str) -> None:
    variables = {f"LEADNATOR_{name}": value for name, value in settings.items()}
    done = run("serve", home=tmp_path, settings=variables)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: {says}")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_kid_may_begin_with_a_hyphen(tmp_path: Path) -> None:
    settings = {"LEADNATOR_JWT_ALGORITHM": "EdDSA", "LEADNATOR_MASTER_KEY": MASTER_KEY}
    done = run("keys", "retire", "-FEjmI8ij5fN", home=tmp_path, settings=settings)
    assert done.stderr == "Error: there is no signing key '-FEjmI8ij5fN'\n"


def test_a_master_key_that_is_gone_is_told_and_mended(tmp_path: Path) -> None:
    def command(*arguments: str, master_key: str) -> tuple[int, str, str]:
        settings = {"LEADNATOR_JWT_ALGORITHM": "ES256", "LEADNATOR_MASTER_KEY": master_key}
        done = run(*arguments, home=tmp_path, settings=settings)
        return done.returncode, done.stdout, done.stderr

    assert command("migrate", master_key=MASTER_KEY)[0] == 0
    other = "another master key that is as long as that"
    code, _, told = command("migrate", master_key=other)
    assert (code, told.count("\n")) == (1, 1)
    kid = told.strip().rpartition(" ")[2]
    assert told.startswith(f"Error: LEADNATOR_MASTER_KEY: the signing key {kid} cannot be opened with it")
    assert f"{kid} (" in command("doctor", master_key=other)[1]
    for _ in range(2):
        code, _, told = command("migrate", master_key=other)
        if code:
            assert command("keys", "retire", told.strip().rpartition(" ")[2], master_key=other)[0] == 0
    assert command("migrate", master_key=other)[0] == 0
    assert "signs since" in command("doctor", master_key=other)[1]
