"""The answer to one kind of error."""

from collections.abc import Mapping
from http import HTTPStatus

import attrs

REALM = 'Bearer realm="leadnator"'


@attrs.frozen
class Problem:
    """The answer to one kind of error."""

    status: HTTPStatus
    title: str
    detail: str
    headers: Mapping[str, str] = attrs.Factory(dict)
    when: str = attrs.field(kw_only=True)
    """The cause, for readers of the reference, where `detail` says what to do about it."""

    @when.default
    def _detail_says_it(self) -> str:
        return self.detail


def challenge(error: str, description: str) -> dict[str, str]:
    """Returns the challenge with an error (RFC 6750 section 3)."""
    return {"WWW-Authenticate": f'{REALM}, error="{error}", error_description="{description}"'}
