"""The contracts of every AccessTokens, EmailSyntax, Clock and Randomness."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import attrs
import pytest

from leadnator_auth.domain import AccessPurpose, BadFieldError, Claims, InvalidTokenError, SessionId, UserId
from leadnator_auth.domain.ports import AccessTokens, Clock, EmailSyntax, Randomness
from leadnator_auth.testing.contract.checking import assert_utc, must_raise

CLAIMS = Claims(
    user_id=UserId("u_alice"),
    session_id=SessionId("s_1"),
    token_id="t1",
    purpose=AccessPurpose.ACCESS,
    issued_at=datetime(2026, 1, 1, tzinfo=UTC),
    expires_at=datetime(2026, 1, 8, tzinfo=UTC),
)
GENUINE = "`read` takes what `issue` made, to the letter, and refuses everything else by InvalidTokenError"


class AccessTokensContract:
    """For AccessTokens. Fixture: `tokens`."""

    def test_a_token_says_what_was_claimed_whatever_its_times(self, tokens: AccessTokens) -> None:
        claims = tokens.read(tokens.issue(CLAIMS))
        assert claims == CLAIMS, "every claim comes back; whole seconds are enough for times"
        assert_utc(claims.issued_at, claims.expires_at)
        long_past = attrs.evolve(CLAIMS, expires_at=datetime(1990, 1, 1, tzinfo=UTC))
        assert tokens.read(tokens.issue(long_past)) == long_past, "times are the use case's to judge, by its clock"

    def test_a_token_says_from_when_on_it_is_good(self, tokens: AccessTokens) -> None:
        later = attrs.evolve(CLAIMS, not_before=datetime(2030, 1, 1, tzinfo=UTC))
        assert tokens.read(tokens.issue(later)) == later, "`not_before` comes back, and is the use case's to judge"

    def test_tokens_of_two_claims_differ(self, tokens: AccessTokens) -> None:
        other = tokens.issue(attrs.evolve(CLAIMS, token_id="t2"))
        assert tokens.issue(CLAIMS) != other, "the token id is part of the token"

    @pytest.mark.parametrize(
        "change", [lambda t: t + "x", lambda t: t[:-1], lambda t: t[1:], lambda t: "", lambda t: "\0"]
    )
    def test_a_token_that_was_changed_is_refused(self, tokens: AccessTokens, change: Callable[[str], str]) -> None:
        with must_raise(InvalidTokenError, GENUINE):
            tokens.read(change(tokens.issue(CLAIMS)))

    @pytest.mark.parametrize("text", ["", "a.b.c", "é", "\ud800", "..", "null", " "])
    def test_what_never_was_a_token_is_refused(self, tokens: AccessTokens, text: str) -> None:
        with must_raise(InvalidTokenError, GENUINE):
            tokens.read(text)


class EmailSyntaxContract:
    """For EmailSyntax. Fixture: `emails`."""

    @pytest.mark.parametrize(
        ("text", "typed", "canonical"),
        [
            ("alice@example.com", "alice@example.com", "alice@example.com"),
            ("  Alice@EXAMPLE.com\n", "Alice@EXAMPLE.com", "alice@example.com"),
            ("\u3000\x85a@example.com\u2028\xa0", "a@example.com", "a@example.com"),
            ("a.b+tag@mail.example.co.uk", "a.b+tag@mail.example.co.uk", "a.b+tag@mail.example.co.uk"),
        ],
    )
    def test_an_address_is_kept_as_typed_and_compared_in_one_form(
        self, emails: EmailSyntax, text: str, typed: str, canonical: str
    ) -> None:
        address = emails.parse(text)
        assert address.typed == typed, "white space round an address is dropped, the rest kept as typed"
        assert address.canonical == canonical, "addresses are compared in one form, in small letters"
        mailbox = f"{typed.partition('@')[0]}@{canonical.partition('@')[2]}"
        assert address.mailbox == mailbox, "mail goes to the local part as typed"

    @pytest.mark.parametrize(
        "text",
        [
            "alice",
            "@example.com",
            "alice@",
            "a@b@example.com",
            "a b@x.com",
            "a@x.com,b@x.com",
            "<a@x.com>",
            "a@x",
            "\x1ca@example.com",
            "a@example.com\x1f",
            "\x1d",
        ],
    )
    def test_what_is_no_address_is_refused(self, emails: EmailSyntax, text: str) -> None:
        assert self._refusal(emails, text) == "invalid_email", "what is not one address alone is `invalid_email`"

    @pytest.mark.parametrize("text", ["", "   ", "\t\n"])
    def test_a_blank_address_is_missing(self, emails: EmailSyntax, text: str) -> None:
        assert self._refusal(emails, text) == "missing", "a blank address is `missing`"

    def test_an_address_of_over_254_characters_is_too_long(self, emails: EmailSyntax) -> None:
        domain = ".".join(["d" * 60] * 3) + ".example"
        fitting = "a" * (254 - len(domain) - 1) + "@" + domain
        assert emails.parse(fitting).canonical == fitting, "254 characters are allowed (RFC 5321 section 4.5.3.1)"
        assert self._refusal(emails, "a" + fitting) == "too_long", "255 characters are `too_long`"

    def _refusal(self, emails: EmailSyntax, text: str) -> str:
        try:
            address = emails.parse(text)
        except BadFieldError as error:
            return error.code
        pytest.fail(f"`parse` raises BadFieldError for {text!r}; it returned {address}")


class ClockContract:
    """For Clock. Fixture: `clock`."""

    def test_the_time_is_in_utc_and_does_not_run_back(self, clock: Clock) -> None:
        first, second = clock.now(), clock.now()
        assert_utc(first, second)
        assert first <= second, "time does not run back by itself"


class RandomnessContract:
    """For Randomness. Fixture: `randomness`."""

    def test_random_texts_are_distinct_and_fit_into_urls(self, randomness: Randomness) -> None:
        texts = [randomness.urlsafe(32) for _ in range(1000)]
        assert len(set(texts)) == 1000, "32 random bytes never come twice"
        assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", text) for text in texts), "base64url of all bytes, no padding"

    @pytest.mark.parametrize("size", [1, 16, 64])
    def test_a_text_has_as_many_bytes_as_asked_for(self, randomness: Randomness, size: int) -> None:
        expected = (size * 4 + 2) // 3
        assert len(randomness.urlsafe(size)) == expected, "`urlsafe` encodes as many bytes as it was asked for"

    def test_fractions_lie_between_zero_and_one(self, randomness: Randomness) -> None:
        fractions = [randomness.fraction() for _ in range(1000)]
        assert all(0 <= fraction < 1 for fraction in fractions), "`fraction` lies in [0, 1)"
        assert len(set(fractions)) > 900, "`fraction` spreads"
        assert max(fractions) - min(fractions) > 0.5, "`fraction` spreads over all of [0, 1)"
