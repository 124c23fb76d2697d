"""Rules about characters that hold for every text the core takes in."""

import unicodedata

_LINE_BREAKS = {"Cc", "Zl", "Zp"}
# Embeddings, overrides and isolates reorder the text around them: a name could rewrite a log line or a page.
_BIDIRECTIONAL_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_storable(text: str) -> bool:
    """Returns whether `text` has neither U+0000 nor an unpaired surrogate (RFC 7493 section 2.1)."""
    return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)


def is_control(character: str) -> bool:
    """Returns whether `character` breaks a line, steers a terminal or reorders its neighbours."""
    return unicodedata.category(character) in _LINE_BREAKS or character in _BIDIRECTIONAL_CONTROLS


def without_controls(text: str, most: int) -> str:
    """Returns the first `most` characters of `text` that are safe to store and to show."""
    if len(text) <= most and text.isascii() and text.isprintable():
        return text
    return "".join(c for c in text[: 4 * most] if is_storable(c) and not is_control(c))[:most]
