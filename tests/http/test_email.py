"""E-mail addresses by the rules of production: which are taken, and which are the same."""

from collections.abc import Callable

import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import deliver_due_mails

Check = Callable[[httpx2.Response, int, str], None]

PASSWORD = "first-password"
OTHER = "other-password"
LONG_DOMAIN = ".".join(["b" * 60] * 3)


def of_length(octets: int) -> str:
    """Returns an address of this many octets, each label and the local part within their own limits."""
    address = f"{'a' * 10}@{LONG_DOMAIN}."
    return address + "c" * (octets - len(address) - len(".test") - 31) + "." + "d" * 30 + ".test"


ACCEPTED = {  # as typed: other spellings of the same mailbox
    "alice@example.com": ["ALICE@EXAMPLE.COM", "Alice@Example.com", " alice@example.com\n"],
    "User.Name+tag@example.org": ["user.name+TAG@example.ORG"],
    "o'brien@example.com": ["O'BRIEN@example.com"],
    "a@b.test": ["A@B.TEST"],
    "1-_~!#$%&*/?=^`{|}@example.com": [],
    "x@sub.sub.example.co.uk": ["x@SUB.sub.example.co.UK"],
    "x@bücher.example.com": [
        "x@BÜCHER.example.com",
        "x@bu\u0308cher.example.com",
        "x@xn--bcher-kva.example.com",
        "X@XN--BCHER-KVA.EXAMPLE.COM",
    ],
    "x@straße.example.com": ["x@xn--strae-oqa.example.com"],
    "x@例え.example.com": ["x@xn--r8jz45g.example.com"],
    "a" * 64 + "@example.com": ["A" * 64 + "@example.com"],
    of_length(254): [of_length(254).upper()],
}
REFUSED = {
    "no @": "nonsense",
    "nothing before @": "@example.com",
    "nothing after @": "alice@",
    "two @": "alice@example@com.test",
    "no dot": "alice@localhost",
    "list": "alice@example.com,bob@example.com",
    "list with semicolon": "alice@example.com;bob@example.com",
    "list with space": "alice@example.com bob@example.com",
    "list with newline": "alice@example.com\nbob@example.com",
    "header": "alice@example.com\r\nBcc: bob@example.com",
    "display name": "Alice <alice@example.com>",
    "angle brackets": "<alice@example.com>",
    "route": "<@evil.test:alice@example.com>",
    "encoded word": "=?utf-8?q?bob=40example.com=2C?=@evil.test",
    "quoted": '"alice"@example.com',
    "quoted space": '"al ice"@example.com',
    "comment": "alice(comment)@example.com",
    "comment after": "alice@example.com(comment)",
    "space inside": "al ice@example.com",
    "tab inside": "al\tice@example.com",
    "space before @": "alice @example.com",
    "control": "al\x1bice@example.com",
    "DEL": "al\x7fice@example.com",
    "no-break space": "al\u00a0ice@example.com",
    "line separator": "alice@exam\u2028ple.com",
    "backslash": "al\\ice@example.com",
    "colon": "mailto:alice@example.com",
    "square bracket": "al[ice@example.com",
    "leading dot": ".alice@example.com",
    "trailing dot": "alice.@example.com",
    "two dots": "al..ice@example.com",
    "two dots in domain": "alice@example..com",
    "dot after domain": "alice@example.com.",
    "dot before domain": "alice@.example.com",
    "leading hyphen": "alice@-example.com",
    "trailing hyphen": "alice@example-.com",
    "underscore in domain": "alice@exam_ple.com",
    "address literal": "alice@[192.0.2.1]",
    "bare address": "alice@192.0.2.1",
    "broken A-label": "alice@xn--0.example.com",
    "local part of 65": "a" * 65 + "@example.com",
    "label of 64": f"alice@{'b' * 64}.example.com",
    "255 octets": of_length(255),
    "over 254 once in ASCII": "a@" + ("ü" + "b" * 36 + ".") * 6 + "test",
    "60 kB": "a" * 60_000 + "@example.com",
    "zero-width space": "alice\u200b@example.com",
    "byte order mark": "\ufeffalice@example.com",
    "right-to-left override": "alice@\u202eexample.com",
}
LOOK_ALIKES = {
    "Kelvin sign": "mi\u212ae@kiss.example.com",
    "Kelvin sign in domain": "mike@\u212aiss.example.com",
    "dotless i": "m\u0131ke@kiss.example.com",
    "dotless i in domain": "mike@k\u0131ss.example.com",
    "I with a dot": "m\u0130ke@kiss.example.com",
    "I with a dot in domain": "mike@k\u0130ss.example.com",
    "long s in domain": "mike@ki\u017fs.example.com",
    "sharp s in domain": "mike@ki\u00df.example.com",
    "capital sharp s in domain": "mike@KI\u1e9e.example.com",
    "fullwidth": "\uff4dike@kiss.example.com",
    "fullwidth domain": "mike@\uff4biss.example.com",
    "fullwidth @": "mike\uff20kiss.example.com",
    "small @": "mike\ufe6bkiss.example.com",
    "mathematical": "mike@\U0001d424iss.example.com",
    "circled": "mike@\u24daiss.example.com",
    "superscript": "m\u2071ke@kiss.example.com",
    "Roman numeral": "mike@k\u2170ss.example.com",
    "Cyrillic": "mik\u0435@kiss.example.com",
    "Cyrillic in domain": "mike@kiss.\u0435xample.com",
    "combining dot": "mi\u0307ke@kiss.example.com",
    "soft hyphen": "mike@ki\u00adss.example.com",
    "zero-width joiner": "mike@ki\u200dss.example.com",
    "word joiner": "mike@ki\u2060ss.example.com",
    "variation selector": "mike@ki\ufe0fss.example.com",
    "supplementary variation selector": "mike@ki\U000e0100ss.example.com",
    "grapheme joiner": "mike@ki\u034fss.example.com",
    "Hangul filler": "mike@ki\u3164ss.example.com",
    "halfwidth Hangul filler": "mike@ki\uffa0ss.example.com",
    "Khmer inherent vowel": "mike@ki\u17b4ss.example.com",
    "Mongolian selector at the end": "mike@kiss.example.com\u180b",
}


async def sign_up(strict: httpx2.AsyncClient, email: str, password: str = PASSWORD) -> httpx2.Response:
    return await strict.post("/api/auth/signup", json={"name": "X", "email": email, "password": password})


async def log_in(strict: httpx2.AsyncClient, email: str, password: str = PASSWORD) -> httpx2.Response:
    return await strict.post("/api/auth/login", json={"email": email, "password": password})


@pytest.mark.parametrize(("typed", "spellings"), ACCEPTED.items(), ids=lambda value: ascii(value)[:50])
async def test_an_address_is_kept_as_typed_and_found_in_every_spelling(
    strict: httpx2.AsyncClient, world: MemoryPorts, typed: str, spellings: list[str]
) -> None:
    created = await sign_up(strict, f"  {typed}\t")
    assert created.status_code == 200, created.text
    user = created.json()["user"]
    assert user["email"] == typed
    for sent, spelling in enumerate([typed, *spellings], start=1):
        assert (await sign_up(strict, spelling, OTHER)).status_code == 409
        answer = await log_in(strict, spelling)
        assert (answer.status_code, answer.json()["user"]["id"]) == (200, user["id"])
        await strict.post("/api/auth/forgot-password", json={"email": spelling})
        await deliver_due_mails(ports=world)
        world.clock.advance(hours=1)
        assert [mail.to.typed for mail in world.mailer.mails] == [typed] * sent


@pytest.mark.parametrize("typed", REFUSED.values(), ids=REFUSED)
async def test_what_is_not_one_plain_address_is_refused(
    strict: httpx2.AsyncClient, world: MemoryPorts, check_problem: Check, typed: str
) -> None:
    answers = [await sign_up(strict, typed), await log_in(strict, typed)]
    answers.append(await strict.post("/api/auth/forgot-password", json={"email": typed}))
    for answer in answers:
        check_problem(answer, 400, "invalid_fields")
        assert [error["field"] for error in answer.json()["errors"]] == ["email"]
    await deliver_due_mails(ports=world)
    assert world.mailer.mails == []


@pytest.mark.parametrize("look_alike", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
async def test_a_look_alike_never_reaches_somebody_elses_account(
    strict: httpx2.AsyncClient, world: MemoryPorts, look_alike: str
) -> None:
    """It is refused, or it is an account of its own."""
    mike = (await sign_up(strict, "mike@kiss.example.com")).json()["user"]
    assert (await log_in(strict, look_alike)).status_code in (400, 401)
    await strict.post("/api/auth/forgot-password", json={"email": look_alike})
    await deliver_due_mails(ports=world)
    assert world.mailer.mails == []

    created = await sign_up(strict, look_alike, OTHER)
    assert created.status_code in (200, 400)
    assert created.status_code == 400 or created.json()["user"]["id"] != mike["id"]
    assert (await log_in(strict, "mike@kiss.example.com", OTHER)).status_code == 401
    assert (await log_in(strict, "mike@kiss.example.com")).json()["user"]["id"] == mike["id"]
    await strict.post("/api/auth/forgot-password", json={"email": "MIKE@kiss.example.com"})
    await deliver_due_mails(ports=world)
    assert [mail.to.typed for mail in world.mailer.mails] == ["mike@kiss.example.com"]


@pytest.mark.parametrize("look_alike", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
async def test_a_look_alike_that_came_first_does_not_take_the_address(
    strict: httpx2.AsyncClient, look_alike: str
) -> None:
    await sign_up(strict, look_alike, OTHER)
    assert (await sign_up(strict, "mike@kiss.example.com")).status_code == 200
