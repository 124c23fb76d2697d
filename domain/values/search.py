"""The search for accounts: which letters count as the same, so that every store finds the same accounts."""

from leadnator_auth.domain.errors import InvalidPageError
from leadnator_auth.domain.values.text import is_storable

MAX_SEARCH_LENGTH = 254


def parse_search(text: str) -> str:
    """Returns the search text as it is: every character in it means itself.

    Raises: InvalidPageError when it has over 254 characters, or holds U+0000 or an unpaired surrogate.
    """
    if len(text) > MAX_SEARCH_LENGTH or not is_storable(text):
        raise InvalidPageError("query")
    return text


def folded(text: str) -> str:
    """Returns `text` with each capital in lower case, letter by letter: "ß" stays and is not "SS".

    Only a capital of exactly one letter is folded, never a look-alike such as the Kelvin sign.
    """
    return "".join(map(_folded, text))


def capital_of(character: str) -> str | None:
    """Returns the one other character that folds to this one, if there is one."""
    capital = character.upper()
    return capital if capital != character and _folded(capital) == character else None


def _folded(character: str) -> str:
    lower = character.lower()
    return lower if len(lower) == len(character) == 1 and lower.upper() == character else character
