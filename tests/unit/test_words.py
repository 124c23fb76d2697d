"""What the records and the errors of the core say as text."""

import copy
import logging
import pickle
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    AuthError,
    ConcurrencyError,
    EmailAddress,
    EmailTakenError,
    FieldError,
    FieldsError,
    ForbiddenError,
    InvalidCredentialsError,
    InvalidFieldsError,
    InvalidPageError,
    InvalidTokenError,
    MailDelayedError,
    MailRefusedError,
    MissingFieldsError,
    PasskeyClonedError,
    RateLimit,
    Refusal,
    SecondFactorRequiredError,
    TooManyRequestsError,
    UnavailableError,
    list_users,
    sign_up,
)
from leadnator_auth.domain.entities.actor import Actor
from leadnator_auth.entrypoints.http import RequestError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ERRORS = (
    FieldError("email", "invalid_email", "This is no e-mail address."),
    FieldError("name", "missing", "Required."),
)
MADE_OF: dict[type[Exception], Callable[[Any], Exception]] = {
    FieldsError: lambda kind: kind(ERRORS),
    TooManyRequestsError: lambda kind: kind(
        Refusal(RateLimit("login", 10, timedelta(minutes=1)), NOW + timedelta(seconds=7)), NOW
    ),
    MailDelayedError: lambda kind: kind("", may_have_arrived=True),
    SecondFactorRequiredError: lambda kind: kind("u_1", "mfa_1", NOW, ("totp",)),
    PasskeyClonedError: lambda kind: kind("p_1", "u_1"),
    MailRefusedError: lambda kind: kind("", may_have_arrived=False),
}
"""Errors that cannot be made of nothing, and how they are made of as little as there is."""


def ours(kind: type[Exception]) -> Iterator[type[Exception]]:
    """Yields a kind of error and all that are derived from it in the package, however deeply."""
    yield kind
    for derived in kind.__subclasses__():
        if derived.__module__.startswith("leadnator_auth."):
            yield from ours(derived)


EVERY_ERROR: list[type[Exception]] = [*ours(AuthError), MailRefusedError, *ours(RequestError)]


def made(kind: type[Exception]) -> Exception:
    """Returns an error of a kind, of which nothing is known but its kind."""
    make = next((make for base, make in MADE_OF.items() if issubclass(kind, base)), None)
    return make(kind) if make else kind()


@pytest.mark.parametrize("kind", EVERY_ERROR, ids=lambda kind: kind.__name__)
def test_every_error_says_what_is_wrong(kind: type[Exception]) -> None:
    said = str(made(kind))
    assert len(said.split()) >= 3
    assert said.isprintable()
    assert said != getattr(kind, "code", None)


def test_no_two_kinds_say_the_same() -> None:
    leaves = [kind for kind in EVERY_ERROR if not issubclass(kind, FieldsError)]
    assert len({str(made(kind)) for kind in leaves}) == len(leaves)


@pytest.mark.parametrize("kind", [MissingFieldsError, InvalidFieldsError])
def test_an_error_of_fields_names_each_with_what_is_wrong_with_it(kind: type[FieldsError]) -> None:
    assert str(kind(ERRORS)) == "email: invalid_email (This is no e-mail address.); name: missing (Required.)"
    assert str(kind(())) == "Some fields are missing or wrong."


def test_what_is_known_of_one_error_is_said_and_makes_sense_alone() -> None:
    assert str(InvalidTokenError("expired")) == "The access token is malformed, expired or no longer valid: expired"
    assert str(InvalidPageError("cursor")) == "A list has no such limit, cursor or search: cursor"
    assert str(UnavailableError("the database did not answer in time")) == "the database did not answer in time"
    assert str(MailDelayedError("421 later", may_have_arrived=False)) == "421 later"
    assert str(MailRefusedError("550 nobody")) == "550 nobody"
    assert str(made(TooManyRequestsError)) == "Too many tries (limit login): try again in 7 s."
    assert InvalidTokenError("expired").reason == "expired"
    assert ConcurrencyError().reason == ""


@pytest.mark.parametrize("kind", [InvalidCredentialsError, ForbiddenError])
def test_an_error_does_not_say_whom_it_is_about(kind: type[InvalidCredentialsError | ForbiddenError]) -> None:
    assert str(kind("u_1")) == str(kind())
    assert "u_1" not in f"{kind('u_1')!r}"


@pytest.mark.parametrize(
    "error",
    [made(kind) for kind in EVERY_ERROR if not issubclass(kind, MailDelayedError)] + [InvalidCredentialsError("u_1")],
    ids=lambda error: type(error).__name__,
)
def test_an_error_can_be_handed_to_another_process(error: Exception) -> None:
    for same in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 (our own)
        assert type(same) is type(error)
        assert (str(same), vars(same)) == (str(error), vars(error))


async def test_a_log_of_a_refusal_tells_what_was_wrong(memory: MemoryPorts, caplog: pytest.LogCaptureFixture) -> None:
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    try:
        await sign_up("Alice", "ALICE@example.com", "secret", ports=memory)
    except EmailTakenError as error:
        logging.getLogger("host").warning("refused: %s", error)
    assert caplog.messages == ["refused: Another account has this e-mail address."]


@pytest.mark.parametrize("typed", ["Alice@Example.com", "a+b@bücher.example", "x@y.example"])
def test_an_address_is_shown_as_it_was_typed(typed: str) -> None:
    address = EmailAddress(typed, typed.lower())
    assert str(address) == f"{address}" == "{}".format(address) == "%s" % address == typed  # noqa: UP031, UP032
    assert f"{address:>40}|{address:.3}" == f"{typed:>40}|{typed[:3]}"
    assert ", ".join(map(str, [address, address])) == f"{typed}, {typed}"


async def test_what_is_shown_of_an_account_is_text(memory: MemoryPorts) -> None:
    await sign_up("Alice", "Alice@Example.com", "secret", ports=memory)
    (alice,) = (await list_users(Actor.operator(), ports=memory)).entries
    shown = f"{alice.id} {alice.name} <{alice.email}> {alice.role} {alice.plan} {alice.status}"
    assert shown == f"{alice.id} Alice <Alice@Example.com> user Starter active"
