"""The query of a list, read strictly: repeated or meaningless values are refused; unknown names are ignored."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl

from starlette.requests import Request

from leadnator_auth.domain import InvalidPageError
from leadnator_auth.domain.values.paging import DEFAULT_PAGE_LENGTH
from leadnator_auth.domain.values.text import is_storable
from leadnator_auth.entrypoints.http.refusals import InvalidRequestError

_NUMBER = re.compile("[1-9][0-9]{0,8}", re.ASCII)


def parameter(request: Request, name: str) -> str | None:
    """Returns the value of a parameter, or None when it is absent.

    Raises: InvalidRequestError when it is repeated, is not UTF-8, or holds U+0000.
    """
    query = request.scope["query_string"].decode("ascii", "surrogateescape")
    pairs = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")  # of bytes that are no UTF-8: surrogates
    given = [value for key, value in pairs if key == name]
    if len(given) > 1 or not all(map(is_storable, given)):
        raise InvalidRequestError
    return given[0] if given else None


def limit_of(request: Request) -> int:
    """Returns how many entries are asked for; the use case judges whether that is too many.

    Raises: InvalidRequestError when it is not a number, or is repeated.
    """
    text = parameter(request, "limit")
    if text is None:
        return DEFAULT_PAGE_LENGTH
    if not _NUMBER.fullmatch(text):
        raise InvalidRequestError
    return int(text)


@contextmanager
def refusing_bad_queries() -> Iterator[None]:
    """Turns the core's refusal of a query into that of any query that cannot be understood.

    Raises: InvalidRequestError.
    """
    try:
        yield
    except InvalidPageError:
        raise InvalidRequestError from None
