"""Addresses: one that is accepted is one mailbox to every reader of it, and nobody else's."""

import contextlib
import unicodedata
from email import message_from_bytes
from email.headerregistry import Address, AddressHeader
from email.message import EmailMessage
from email.policy import SMTP

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from leadnator_auth.adapters.email_syntax import ValidatedEmailSyntax
from leadnator_auth.domain import BadFieldError
from leadnator_auth.domain.values.email_address import EmailAddress
from leadnator_auth.domain.values.fields import text_of
from tests.fuzz.service import Service, check_answer
from tests.fuzz.strategies import addresses, look_alikes, texts, wrapped_addresses

SPECIALS = set('()<>[]:;,\\"')


def parsed(text: str) -> EmailAddress | None:
    """Returns the address as every use case reads it, or None when it is refused."""
    with contextlib.suppress(BadFieldError):
        return ValidatedEmailSyntax().parse(text_of(text))
    return None


@settings(max_examples=1000)
@given(st.one_of(texts, addresses, wrapped_addresses))
def test_what_is_accepted_is_one_plain_address(text: str) -> None:
    address = parsed(text)
    if address is None:
        return
    assert address.typed == text.strip()
    assert address.canonical.isascii()
    for form in (address.typed, address.canonical, address.mailbox):
        assert form.count("@") == 1
        assert len(form.encode()) <= 254
        assert not SPECIALS & set(form)
        assert not any(c.isspace() or unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Zs") for c in form)


@settings(max_examples=500)
@given(addresses)
def test_an_accepted_address_is_read_the_same_again(text: str) -> None:
    address = parsed(text)
    assume(address is not None)
    assert address
    assert parsed(address.typed) == address
    again = parsed(address.canonical)
    assert again
    assert again.canonical == address.canonical == again.typed
    mailbox = parsed(address.mailbox)
    assert mailbox
    assert mailbox.canonical == address.canonical


@settings(max_examples=500)
@given(st.one_of(addresses, wrapped_addresses))
def test_mail_software_sees_exactly_one_recipient(text: str) -> None:
    address = parsed(text)
    if address is None:
        return
    message, unread = EmailMessage(), EmailMessage()
    message["To"] = Address(addr_spec=address.mailbox)
    unread["To"] = address.mailbox
    received = message_from_bytes(message.as_bytes(), policy=SMTP)
    for header in (message["To"], unread["To"], received["To"]):
        assert isinstance(header, AddressHeader)
        assert [recipient.addr_spec for recipient in header.addresses] == [address.mailbox]
        assert header.addresses[0].display_name == ""
    assert received.keys() == ["To"]


def upper_case(text: str) -> str:
    """Returns capital letters where each is the capital of that letter alone: not of a sharp or a final s."""
    return "".join(c.upper() if len(c.upper()) == 1 and c.upper().lower() == c else c for c in text)


@settings(max_examples=500)
@given(addresses)
def test_case_and_idn_spelling_make_no_other_address(text: str) -> None:
    address = parsed(text)
    assume(address is not None)
    assert address
    local, _, domain = address.typed.rpartition("@")
    spellings = [
        upper_case(address.typed),
        f"{upper_case(local)}@{domain}",
        f"{local}@{upper_case(domain)}",
        f"{local}@{unicodedata.normalize('NFC', domain)}",
        f"{local}@{unicodedata.normalize('NFD', domain)}",
        address.mailbox,
        address.mailbox.upper(),
        f"\t{address.typed} \n",
    ]
    for spelling in spellings:
        other = parsed(spelling)
        assert other, ascii(spelling)
        assert other.canonical == address.canonical, ascii(spelling)


@settings(max_examples=500)
@given(addresses, st.data())
def test_a_look_alike_is_never_the_address_it_looks_like(text: str, data: st.DataObject) -> None:
    address = parsed(text)
    assume(address is not None)
    assert address
    canonical = address.canonical
    places = [
        (begin, end)
        for begin in range(len(canonical))
        for end in (begin + 1, begin + 2, begin + 3)
        if canonical[begin:end] in look_alikes() and end <= len(canonical)
    ]
    begin, end = data.draw(st.sampled_from(places))
    look_alike = canonical[:begin] + data.draw(st.sampled_from(look_alikes()[canonical[begin:end]])) + canonical[end:]
    other = parsed(look_alike)
    assert other is None or other.canonical != canonical, ascii(look_alike)


@given(text=st.one_of(texts, addresses, wrapped_addresses))
def test_sign_up_accepts_what_the_parser_accepts_and_shows_it_as_typed(service: Service, text: str) -> None:
    service.start_over()
    answer = service.post("signup", {"name": "Alice", "email": text, "password": "first-password"})
    code, address = check_answer(answer), parsed(text)
    if address is None:
        assert code in ("invalid_fields", "missing_fields")
        assert [error["field"] for error in answer.json()["errors"]] == ["email"]
        assert service.users == []
    else:
        assert code is None
        assert answer.json()["user"]["email"] == address.typed == service.me(answer.json()["token"])["email"]
