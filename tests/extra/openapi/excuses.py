"""Complaints of Schemathesis about what the product promises, and why the promise stands."""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

import attrs
from schemathesis import CheckFunction, Response
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
)

from leadnator_auth.domain.values.text import stripped
from leadnator_auth.entrypoints.http.api.operations import OPERATIONS
from leadnator_auth.entrypoints.http.reading.body import FORM
from tests.extra.openapi.described import AnyCase

Body = Mapping[str, Any]  # JSON, or a query, as it was generated: any value may stand at any name

SIGN_UP = "POST /api/auth/signup"
LOG_IN = "POST /api/auth/login"
FORGOT = "POST /api/auth/forgot-password"
RESET = "POST /api/auth/reset-password"
CHANGE = "POST /api/auth/change-password"
VERIFY = "POST /api/auth/verify-email"
ASK_FOR_CODE = "POST /api/auth/login/code"
CONFIRM_CODE = "POST /api/auth/login/code/confirm"
MOVE = "POST /api/auth/change-email"
CONFIRM = "POST /api/auth/confirm-email"
UNDO = "POST /api/auth/undo-email-change"
MEDIA = "POST /api/auth/media-token"
PATCH_USER = "PATCH /api/admin/users/{id}"
PATCH_ACCOUNT = "PATCH /api/auth/account"
STEP_UP = "POST /api/auth/step-up"
SECOND_FACTOR = "POST /api/auth/login/second-factor"
ADD_PASSKEY = "POST /api/auth/passkeys"
PATCH_PASSKEY = "PATCH /api/auth/passkeys/{id}"
USE_PASSKEY = "POST /api/auth/login/passkey"
LIST_USERS = "GET /api/admin/users"
LIST_EVENTS = "GET /api/admin/events"
FOLLOW_FEED = "GET /api/auth/revocations"
CREATE_KEY = "POST /api/auth/api-keys"
INTROSPECT = "POST /api/auth/introspect"
REFRESH = "POST /api/auth/refresh"
ADD_WEBHOOK = "POST /api/admin/webhooks"
PATCH_WEBHOOK = "PATCH /api/admin/webhooks/{id}"
LIST_DELIVERIES = "GET /api/admin/webhooks/{id}/deliveries"
FIELDS = {f"{each.method} {each.path}": [*each.body] for each in OPERATIONS if each.body and each.body_type != FORM}
METADATA = [(PATCH_USER, "app_metadata"), (PATCH_ACCOUNT, "user_metadata")]
NEW_PASSWORD = [SIGN_UP, RESET, CHANGE]
URL = [ADD_WEBHOOK, PATCH_WEBHOOK]
EMAIL = [SIGN_UP, LOG_IN, FORGOT, ASK_FOR_CODE, MOVE]


@attrs.frozen
class Excuse:
    """A check that is wrong about answers of one operation, for this reason and these bodies."""

    check: CheckFunction
    operation: str
    reason: str
    """What the answer says: `code` of a problem, `field: code` of a field error, or "success"."""
    holds: Callable[[Body], bool] = lambda _: True


def holds_nul(value: object) -> bool:
    """Returns whether U+0000 is anywhere in a JSON value."""
    if isinstance(value, Mapping):
        return any(holds_nul(child) for pair in value.items() for child in pair)
    if isinstance(value, list):
        return any(holds_nul(child) for child in value)
    return isinstance(value, str) and "\0" in value


def holds_great_integer(value: object) -> bool:
    """Returns whether an integer is anywhere in a JSON value that not every reader keeps as it is."""
    if isinstance(value, Mapping):
        return any(holds_great_integer(child) for child in value.values())
    if isinstance(value, list):
        return any(holds_great_integer(child) for child in value)
    return type(value) is int and abs(value) >= 2**53


def is_too_short(body: Body) -> bool:
    """Returns whether the new password has fewer than six code points in normal form C."""
    return len(_composed(body)) < 6


def is_too_long(body: Body) -> bool:
    """Returns whether the new password has more than 1,024 bytes."""
    return len(_composed(body).encode("utf-8", "replace")) > 1024


def is_of_another_length(body: Body) -> bool:
    """Returns whether JSON Schema counts a length for the new password that is not allowed, though its own one is."""
    fits_as_typed = 6 <= len(str(body.get("password"))) <= 1024
    return not (fits_as_typed or is_too_short(body) or is_too_long(body))


def _composed(body: Body) -> str:
    return unicodedata.normalize("NFC", str(body.get("password")))


def has_surrounding_space(body: Body) -> bool:
    """Returns whether what is dropped around a name, an address or such is there."""
    texts = [body.get(field) for field in ("name", "email", "url", "description")]
    return any(isinstance(text, str) and text != stripped(text) for text in texts)


def has_empty_optional(body: Body) -> bool:
    """Returns whether a text that may be absent is empty, which is the same."""
    return "" in [body.get(field) for field in ("name", "current_password", "code")]


def is_plain_http(body: Body) -> bool:
    """Returns whether the target of a webhook is without TLS."""
    return str(body.get("url")).startswith("http://")


def has_numbers_in_host(body: Body) -> bool:
    """Returns whether a URL has an IPv6 address, a port, or a host longer than names are."""
    host = str(body.get("url")).partition("://")[2].partition("/")[0].partition("?")[0]
    return "[" in host or ":" in host or len(host) > 253


def has_encoded_word(body: Body) -> bool:
    """Returns whether an address that is one for RFC 5321 is another for mail software."""
    return "=?" in str(body.get("email"))


def has_international_address(body: Body) -> bool:
    """Returns whether the domain of an address is typed in Unicode."""
    return not str(body.get("email")).isascii()


def _nul_in(field: str) -> Callable[[Body], bool]:
    return lambda body: holds_nul(body.get(field))


def _great_integer_in(field: str) -> Callable[[Body], bool]:
    return lambda body: holds_great_integer(body.get(field))


def _refused(operation: str, reason: str, holds: Callable[[Body], bool] = lambda _: True) -> Excuse:
    return Excuse(positive_data_acceptance, operation, reason, holds)


def _accepted(operation: str, holds: Callable[[Body], bool]) -> Excuse:
    return Excuse(negative_data_rejection, operation, "success", holds)


RIGHT: tuple[Excuse, ...] = (
    # "U+0000 and unpaired surrogates are refused in every string", ignored ones included: JSON Schema cannot say so.
    *(_refused(operation, "invalid_json", holds_nul) for operation in FIELDS),
    *(
        _refused(operation, f"{field}: invalid_characters", _nul_in(field))
        for operation, fields in FIELDS.items()
        for field in fields
    ),
    # "At most 1,024 UTF-8 bytes" stands in the description, for JSON Schema counts characters. And six code points
    # are counted in normal form C, for "the same text typed in another Unicode normal form is the same password".
    *(_refused(operation, "password: too_long", is_too_long) for operation in NEW_PASSWORD),
    *(_refused(operation, "password: too_short", is_too_short) for operation in NEW_PASSWORD),
    *(_accepted(operation, is_of_another_length) for operation in NEW_PASSWORD),
    # "One address only (no list, display name, route or encoded word)"; the format "email" allows an encoded word.
    *(_refused(operation, "email: invalid_email", has_encoded_word) for operation in EMAIL),
    # "Name 1-200 characters after trimming"; of an address, "surrounding white space dropped".
    *(_accepted(operation, has_surrounding_space) for operation in EMAIL),
    # "IDN spelling never makes two accounts": an address may be typed in Unicode, which is not of the format "email".
    _accepted(SIGN_UP, has_international_address),
    # A server may be set to take "http://"; and a pattern says nothing of how great a port is, or what an address.
    *(_refused(operation, "url: insecure_url", is_plain_http) for operation in URL),
    *(_refused(operation, "url: invalid_url", has_numbers_in_host) for operation in URL),
    *(_accepted(operation, has_surrounding_space) for operation in URL),
    # A schema says what a token looks like, not which ones were mailed: "unknown, used, expired".
    _refused(RESET, "invalid_reset_token"),
    *(_refused(operation, "invalid_email_token") for operation in (VERIFY, CONFIRM, UNDO)),
    _refused(CONFIRM_CODE, "invalid_code"),
    *(_refused(operation, "invalid_challenge") for operation in (SECOND_FACTOR, ADD_PASSKEY, USE_PASSKEY, STEP_UP)),
    # A name is trimmed, here as well.
    *(_accepted(operation, has_surrounding_space) for operation in (ADD_PASSKEY, PATCH_PASSKEY)),
    # "Absent, null or empty" is one thing, of members that may be absent, too.
    *(_accepted(operation, has_empty_optional) for operation in (ADD_PASSKEY, STEP_UP)),
    # One of them is enough, and an empty one is none: "one way to step up, or the other".
    *(_refused(STEP_UP, f"{field}: missing") for field in FIELDS[STEP_UP]),
    _refused(SECOND_FACTOR, "code: missing"),
    _refused(REFRESH, "invalid_refresh_token"),
    # "Integers between -(2^53 - 1) and 2^53 - 1", wherever they are in an object of the caller's own shape.
    *(_refused(operation, f"{field}: invalid_number", _great_integer_in(field)) for operation, field in METADATA),
    # A schema cannot say which scopes a host adds, nor what is yet to come.
    _refused(CREATE_KEY, "scopes: unknown_value"),
    *(_refused(CREATE_KEY, f"expires_at: {reason}") for reason in ("not_in_future", "invalid_time")),
    # Of a form, JSON Schema says neither how it is encoded nor that no parameter may be there twice.
    *(_refused(INTROSPECT, reason) for reason in ("invalid_request", "token: invalid_characters", "token: missing")),
    # Nor does it say which cursors a page had.
    *(
        _refused(operation, "invalid_request", lambda query: "cursor" in query)
        for operation in (LIST_USERS, LIST_EVENTS, LIST_DELIVERIES, FOLLOW_FEED)
    ),
    _refused(LIST_USERS, "invalid_request", _nul_in("query")),
    _refused(LIST_EVENTS, "invalid_request", _nul_in("user_id")),
)
"""By what is promised, in the words that are quoted, the answer is right."""


def excused(case: AnyCase, response: Response) -> list[CheckFunction]:
    """Returns the checks that are wrong about this answer, each for every reason that the answer gives."""
    body = case.body if isinstance(case.body, dict) else case.query or {}
    excuses = [excuse for excuse in RIGHT if excuse.operation == case.operation.label]
    return [
        check
        for check in {excuse.check for excuse in excuses}
        if all(
            any(excuse.check == check and excuse.reason == reason and excuse.holds(body) for excuse in excuses)
            for reason in _reasons(response)
        )
    ]


def _reasons(response: Response) -> list[str]:
    if response.status_code < 400:
        return ["success"]
    problem = response.json()
    errors = [f"{error['field']}: {error['code']}" for error in problem.get("errors", [])]
    return errors or [problem["code"]]
