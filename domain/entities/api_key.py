"""API keys: what a program sends instead of the token of a log-in, and what it may do with it."""

import re
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

import attrs

from leadnator_auth.domain.entities.session import USE_NOTED_EVERY
from leadnator_auth.domain.entities.user import Role, User
from leadnator_auth.domain.errors import InsufficientScopeError
from leadnator_auth.domain.values.fields import BadFieldError, RawField, parse_line
from leadnator_auth.domain.values.ids import ApiKeyId, UserId

SECRET_PREFIX = "lnk_"
"""How every secret begins: no other credential does, so that it is known for what it is wherever it turns up."""
SECRET_BYTES = 32
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+", re.ASCII)
_SECRET = re.compile(r"lnk_[A-Za-z0-9_-]{43}", re.ASCII)
MAX_API_KEYS = 50
"""Of one account, expired ones among them."""
MAX_NAME_LENGTH = 100


class Scope(StrEnum):
    """What a key may do besides saying whose it is; host applications have further ones of their own."""

    INTROSPECT = "introspect"
    """To ask whether any token is good, and whose it is (RFC 7662)."""
    REVOCATIONS = "revocations"
    """To follow which sessions end."""


ADMIN_SCOPES: frozenset[str] = frozenset(Scope)
"""What is for the keys of admins alone."""


@attrs.frozen
class ApiKey:
    """A secret that speaks for an account without a session, as far as its scopes go; only its digest is kept."""

    digest: str = attrs.field(repr=False)
    id: ApiKeyId
    user_id: UserId
    name: str
    scopes: tuple[str, ...]
    """In the order of the alphabet, each once."""
    created_at: datetime
    expires_at: datetime | None = None
    """None if it never does."""
    last_used_at: datetime | None = None
    """Known to a minute; None if it never was."""

    def is_expired(self, now: datetime) -> bool:
        """Returns whether its time is over."""
        return self.expires_at is not None and now >= self.expires_at

    def is_use_to_be_noted(self, now: datetime) -> bool:
        """Returns whether what is noted of its use, if anything is, is a minute old."""
        return self.last_used_at is None or now >= self.last_used_at + USE_NOTED_EVERY

    def scopes_of(self, user: User) -> tuple[str, ...]:
        """Returns what it may do while `user`, whose key it is, is what they are: those for admins come and go."""
        if user.role is Role.ADMIN:
            return self.scopes
        return tuple(scope for scope in self.scopes if scope not in ADMIN_SCOPES)


@attrs.frozen
class KeyIdentity:
    """The user behind an API key, and the key; the metadata of the user is not read."""

    user: User
    key: ApiKey

    @property
    def scopes(self) -> tuple[str, ...]:
        """What it may do right now."""
        return self.key.scopes_of(self.user)

    def check(self, scope: str) -> None:
        """Raises: InsufficientScopeError when it may not do this, or may no longer."""
        if scope not in self.scopes:
            raise InsufficientScopeError(scope, self.user.id)


def is_api_key(credential: str) -> bool:
    """Returns whether a credential says that it is an API key; any other is the token of a session, or nothing."""
    return credential.startswith(SECRET_PREFIX)


def is_key_secret(text: str) -> bool:
    """Returns whether `text` has the form of a secret; nothing else needs to be looked up."""
    return _SECRET.fullmatch(text) is not None


def checked_scopes(scopes: Collection[str]) -> frozenset[str]:
    """Returns the scopes of a host application.

    Raises: ValueError when one is no word as RFC 6749 section 3.3 has it, which fits into a list and a header.
    """
    for scope in scopes:
        if not _SCOPE.fullmatch(scope):
            raise ValueError(f"no scope, which is a word in ASCII without quotation marks and backslashes: {scope!r}")
    return frozenset(scopes)


def parse_key_name(text: str) -> str:
    """Returns what a key is called, without surrounding white space.

    Raises: BadFieldError when nothing of it is visible, or it has over 100 characters or a control character.
    """
    return parse_line(text, MAX_NAME_LENGTH)


def parse_scopes(value: RawField, known: Collection[str]) -> tuple[str, ...]:
    """Returns the scopes in a list, none where it is absent, in the order of the alphabet, each once.

    Raises: BadFieldError when it is no list, or has anything else than known scopes in it.
    """
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise BadFieldError("wrong_type", "This must be a list of scopes.")
    if any(not isinstance(each, str) or each not in known for each in value):
        raise BadFieldError("unknown_value", f"Use only: {', '.join(sorted(known))}.")
    return tuple(sorted({str(each) for each in value}))
