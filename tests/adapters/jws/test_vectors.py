"""Project Wycheproof's vectors of JSON Web Signatures: no signature gets through that should not."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from leadnator_auth.adapters.jwt_tokens import JwtTokens, pairs
from leadnator_auth.domain import InvalidTokenError, KeyRing, PublicKey, SigningAlgorithm, SigningKey
from leadnator_auth.verifier.errors import InvalidTokenError as NotLetInError
from leadnator_auth.verifier.keys import KeySet, KeySetError, read_key_set
from leadnator_auth.verifier.tokens import read_token

GROUPS = json.loads(Path(__file__).with_name("wycheproof.json").read_text())
NOW = datetime(2026, 1, 1, tzinfo=UTC)
MEANT_FOR_SOMETHING_ELSE = "rejectWrong"
"""What is wrong there is what the key says it is for; ours have nothing of that, and are for signatures alone."""


def public(key: dict[str, Any]) -> PublicKey | None:
    return PublicKey(SigningAlgorithm.ES256, key["x"], key["y"]) if key.get("crv") == "P-256" else None


VECTORS = [
    pytest.param(public(group["key"]), test, id=f"{test['tcId']} {test['comment']}")
    for group in GROUPS
    for test in group["tests"]
]


@pytest.mark.parametrize(("key", "test"), VECTORS)
def test_a_signature_is_good_only_where_it_should_be(key: PublicKey | None, test: dict[str, str]) -> None:
    if key is not None and not test["comment"].startswith(MEANT_FOR_SOMETHING_ELSE):
        if test["result"] == "valid":
            assert pairs.payload_of(test["jws"], key) == b"foo"
        else:
            with pytest.raises(InvalidTokenError):
                pairs.payload_of(test["jws"], key)


@pytest.mark.parametrize(("key", "test"), VECTORS)
def test_none_of_them_is_a_token_of_ours(key: PublicKey | None, test: dict[str, str]) -> None:
    ring = KeyRing(SigningAlgorithm.ES256)
    if key is not None:
        row = SigningKey(kid="kid-ec-sign", public=key, sealed="", master_key_id="", published_at=NOW)
        ring.keep([row], NOW)
    for secret in ("x" * 32, "\0" * 32):
        with pytest.raises(InvalidTokenError):
            JwtTokens([secret], ring=ring).read(test["jws"])


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: str(group["tests"][0]["tcId"]))
def test_nor_does_a_verifier_let_any_of_them_in(group: dict[str, Any]) -> None:
    """Not even where the service publishes their key, as far as a verifier takes it."""
    try:
        keys = read_key_set(json.dumps({"keys": [group["key"]]}).encode())
    except KeySetError:
        keys = KeySet()
    for test in group["tests"]:
        with pytest.raises(NotLetInError):
            read_token(test["jws"], keys, "leadnator-auth", "leadnator")


def test_the_vectors_are_there() -> None:
    assert sum(len(group["tests"]) for group in GROUPS) == 83
    assert sum(public(group["key"]) is not None for group in GROUPS) == 4
