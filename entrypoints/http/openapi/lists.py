"""The parameters and the shape of every list that goes page by page."""

from leadnator_auth.domain.values.paging import DEFAULT_PAGE_LENGTH, MAX_CURSOR_LENGTH, MAX_PAGE_LENGTH
from leadnator_auth.entrypoints.http.openapi.operation import Parameter
from leadnator_auth.entrypoints.http.openapi.schemas import Schema, closed

NEXT_CURSOR = "MjAyNi0wMS0wMVQxMjowMDowMCswMDowMCB1XzEyMw"

LIMIT = Parameter(
    "limit",
    "query",
    {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_LENGTH, "default": DEFAULT_PAGE_LENGTH},
    str(DEFAULT_PAGE_LENGTH),
)
CURSOR = Parameter(
    "cursor",
    "query",
    {"type": "string", "minLength": 1, "maxLength": MAX_CURSOR_LENGTH, "description": "The next_cursor of a page."},
    NEXT_CURSOR,
)


def page_of(name: str, item: Schema) -> Schema:
    """Returns the schema of a page of such items."""
    next_cursor = {"type": ["string", "null"], "description": "Null on the last page."}
    return closed({name: {"type": "array", "items": item}, "next_cursor": next_cursor})
