"""The e-mail syntax of production; most of it is tested over HTTP."""

import email_validator.deliverability
import pytest

from leadnator_auth.adapters.email_syntax import ValidatedEmailSyntax
from leadnator_auth.domain import BadFieldError

LONG_IN_UTF8 = "x@" + ".".join(["例" * 20] * 5) + ".test"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("jörg@example.com", "invalid_email"),
        ("mike@k\u0130ss.example.com", "invalid_email"),
        ("mike@kiss\u3002example.com", "invalid_email"),
        ("mike@kiss.example\uff61com", "invalid_email"),
        (LONG_IN_UTF8, "too_long"),
        ("mike@\udcff.example", "invalid_email"),
        ("\udcff@example.com", "invalid_email"),
        ("a\0b@example.com", "invalid_email"),
        ("a" * 300, "too_long"),
    ],
    ids=ascii,
)
def test_what_is_wrong_with_an_address_is_told(text: str, code: str) -> None:
    with pytest.raises(BadFieldError) as refused:
        ValidatedEmailSyntax().parse(text)
    assert refused.value.code == code


def test_that_address_is_long_in_utf_8_alone() -> None:
    assert len(LONG_IN_UTF8) < 254 < len(LONG_IN_UTF8.encode())


def test_greek_capitals_are_the_same_domain() -> None:
    """A sigma at the end of a word has a small letter of its own, which is another domain."""
    emails = ValidatedEmailSyntax()
    assert emails.parse("x@ΟΔΟΣ.example.com").canonical == emails.parse("x@οδοσ.example.com").canonical


def test_no_domain_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: object, **__: object) -> None:
        raise AssertionError("the DNS was asked, while everybody waits")

    monkeypatch.setattr(email_validator.deliverability, "validate_email_deliverability", look_up)
    assert ValidatedEmailSyntax().parse("alice@example.com")


HERE = ValidatedEmailSyntax(("corp.local", "localhost", "lan"))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("alice@corp.local", "alice@corp.local"),
        ("Alice@Corp.LOCAL", "alice@corp.local"),
        ("alice@mail.corp.local", "alice@mail.corp.local"),
        ("alice@localhost", "alice@localhost"),
        ("alice@LAN", "alice@lan"),
        ("alice@bücher.lan", "alice@xn--bcher-kva.lan"),
        ("alice@xn--bcher-kva.lan", "alice@xn--bcher-kva.lan"),
        ("alice@example.com", "alice@example.com"),
    ],
)
def test_an_allowed_domain_has_mailboxes(text: str, canonical: str) -> None:
    address = HERE.parse(text)
    assert (address.typed, address.canonical) == (text, canonical)


@pytest.mark.parametrize(
    "text",
    [
        "alice@other.local",
        "alice@local",
        "alice@evilcorp.local",
        "alice@evil-localhost",
        "alice@x.invalid",
        "alice@router.local",
        "alice@host.internal.onion",
        "a..b@corp.local",
        "alice@corp.local.",
        "alice@.corp.local",
        "alice@-.lan",
        "alice@a_b.lan",
        "bob@x@corp.local",
        "Alice <alice@corp.local>",
        "alice@corp.loca\u2113",
        "alice@\u212aiss.lan",
        "alice@[localhost]",
    ],
    ids=ascii,
)
def test_that_allows_no_other_and_no_other_syntax(text: str) -> None:
    with pytest.raises(BadFieldError):
        HERE.parse(text)


@pytest.mark.parametrize("text", ["alice@corp.local", "alice@localhost", "alice@lan"])
def test_none_is_allowed_unless_it_is_said(text: str) -> None:
    with pytest.raises(BadFieldError):
        ValidatedEmailSyntax().parse(text)
