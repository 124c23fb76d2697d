"""Paths for media tokens: compared by whole segments, and only if there is one way to read them."""

from leadnator_auth.domain.values.fields import BadFieldError
from leadnator_auth.domain.values.text import is_control

MAX_PATH_LENGTH = 1024
_AMBIGUOUS_SEGMENTS = {"", ".", ".."}
# Servers and proxies differ in when they decode %2F and %2E, and in how they treat a backslash.
_AMBIGUOUS_CHARACTERS = frozenset("\\%?#;")


def parse_media_path(text: str) -> str:
    """Returns a path without its final slash.

    Raises: BadFieldError when it does not begin with a slash, is the root, is too long, or can be read in two ways.
    """
    if len(text) > MAX_PATH_LENGTH:
        raise BadFieldError("too_long", f"Use at most {MAX_PATH_LENGTH:,} characters.")
    path = text.removesuffix("/")
    if _segments(path) is None:
        raise BadFieldError("invalid_path", "This must be an absolute path of plain segments, such as /files/42.")
    return path


def is_below(path: str, prefix: str) -> bool:
    """Returns whether a request's decoded path is `prefix` or lies below it; an ambiguous path lies nowhere."""
    allowed, asked = _segments(prefix), _segments(path.removesuffix("/"))
    return allowed is not None and asked is not None and asked[: len(allowed)] == allowed


def _segments(path: str) -> list[str] | None:
    """Returns the segments of an absolute path, or None when it can be read in two ways."""
    root, *segments = path.split("/")
    if root or not segments or not _AMBIGUOUS_SEGMENTS.isdisjoint(segments):
        return None
    if any(character in _AMBIGUOUS_CHARACTERS or is_control(character) for character in path):
        return None
    return segments
