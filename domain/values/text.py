"""Rules about characters that apply to every text the core takes in."""

import re
import unicodedata

# Unicode's property White_Space (UAX 44); Python's own idea of it adds U+001C to U+001F, which are controls.
_WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
_BLANKS = re.compile(f"[{_WHITE_SPACE}]+")
_LINE_BREAKS = {"Cc", "Zl", "Zp"}
# Embeddings, overrides and isolates reorder the text around them: a name could rewrite a log line or a page.
_BIDIRECTIONAL_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BLANK_CATEGORIES = {"Cf", "Zs", "Zl", "Zp"}
# Letters, marks and symbols that show nothing: Unicode's Default_Ignorable_Code_Point (UAX 44) where the categories do
# not cover it, and two symbols whose glyph is empty (a Braille cell without dots, a null notehead).
_BLANK_RANGES = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2060, 0x206F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1D159, 0x1D159),
    (0xE0000, 0xE0FFF),
)


def is_storable(text: str) -> bool:
    """Returns whether `text` has neither U+0000 nor an unpaired surrogate (RFC 7493 section 2.1)."""
    return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)


def is_control(character: str) -> bool:
    """Returns whether `character` breaks a line, controls a terminal or reorders its neighbours."""
    return unicodedata.category(character) in _LINE_BREAKS or character in _BIDIRECTIONAL_CONTROLS


def is_blank(text: str) -> bool:
    """Returns whether nothing of `text` is visible: it is empty, or has only white space and invisible characters."""
    return all(_is_invisible(character) for character in text)


def _is_invisible(character: str) -> bool:
    if unicodedata.category(character) in _BLANK_CATEGORIES:
        return True
    code = ord(character)
    return any(first <= code <= last for first, last in _BLANK_RANGES)


def stripped(text: str) -> str:
    """Returns `text` without white space at its ends: characters with the property White_Space, and no others."""
    return text.strip(_WHITE_SPACE)


def without_white_space(text: str) -> str:
    """Returns `text` without the same white space anywhere."""
    return _BLANKS.sub("", text)


def trimmed(text: str) -> str:
    """Returns `text` without what cannot be seen at its ends: blanks, line breaks, marks that copying leaves."""
    seen = [place for place, character in enumerate(text) if not (is_control(character) or _is_invisible(character))]
    return text[seen[0] : seen[-1] + 1] if seen else ""


def without_controls(text: str, limit: int) -> str:
    """Returns the first `limit` characters of `text` that are safe to store and to show."""
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    return "".join(c for c in text[: 4 * limit] if is_storable(c) and not is_control(c))[:limit]
