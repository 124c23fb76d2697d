"""What every EmailSyntax must do; the addresses that only the real one knows are tested over HTTP."""

import pytest

from leadnator_auth.adapters.email_syntax import ValidatedEmailSyntax
from leadnator_auth.adapters.memory import PlainEmailSyntax
from leadnator_auth.domain import BadFieldError
from leadnator_auth.domain.ports import EmailSyntax


@pytest.fixture(params=["memory", "email-validator"])
def emails(request: pytest.FixtureRequest) -> EmailSyntax:
    return PlainEmailSyntax() if request.param == "memory" else ValidatedEmailSyntax()


@pytest.mark.parametrize(
    ("text", "typed", "canonical"),
    [
        ("alice@example.com", "alice@example.com", "alice@example.com"),
        ("  Alice@EXAMPLE.com\n", "Alice@EXAMPLE.com", "alice@example.com"),
        ("a.b+tag@mail.example.co.uk", "a.b+tag@mail.example.co.uk", "a.b+tag@mail.example.co.uk"),
    ],
)
def test_an_address_is_kept_as_typed_and_compared_in_one_form(
    emails: EmailSyntax, text: str, typed: str, canonical: str
) -> None:
    address = emails.parse(text)
    assert (address.typed, address.canonical) == (typed, canonical)
    assert address.mailbox == f"{typed.partition('@')[0]}@{canonical.partition('@')[2]}"


@pytest.mark.parametrize(
    "text",
    ["alice", "@example.com", "alice@", "a@b@example.com", "a b@example.com", "a@x.com,b@x.com", "<a@x.com>", "a@x"],
)
def test_what_is_no_address_is_refused(emails: EmailSyntax, text: str) -> None:
    with pytest.raises(BadFieldError) as refused:
        emails.parse(text)
    assert refused.value.code == "invalid_email"


@pytest.mark.parametrize("text", ["", "   ", "\t\n"])
def test_a_blank_address_is_missing(emails: EmailSyntax, text: str) -> None:
    with pytest.raises(BadFieldError) as refused:
        emails.parse(text)
    assert refused.value.code == "missing"


def test_an_address_of_over_254_characters_is_too_long(emails: EmailSyntax) -> None:
    domain = ".".join(["d" * 60] * 3) + ".example"
    fitting = "a" * (254 - len(domain) - 1) + "@" + domain
    assert emails.parse(fitting).canonical == fitting
    with pytest.raises(BadFieldError) as refused:
        emails.parse("a" + fitting)
    assert refused.value.code == "too_long"
