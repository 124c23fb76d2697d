"""The search for accounts as SQL that means the same in every database: it narrows down, the core decides."""

from leadnator_auth.domain.values.search import capital_of, folded

_ESCAPE = "!"
_MAX_REPLACED = 12
"""Letters that are compared exactly; SQLite parses expressions to a depth of some two dozen functions only."""


def narrowed_by(search: str) -> tuple[str, dict[str, object]]:
    """Returns a condition for `users` that holds for all accounts found and hardly any others, with its values.

    It follows other conditions, and is empty if all are found.
    """
    if not search:
        return "", {}
    text = folded(search)
    # The function lower() knows the letters of ASCII alone, here as there. The others are put in lower case one after
    # the other, and where there are too many of them, any letter will do.
    others = [letter for letter in dict.fromkeys(text) if capital_of(letter) and not letter.isascii()]
    name, capitals = _with_small("lower(users.name)", others[:_MAX_REPLACED])
    condition = (
        f" AND ({name} LIKE :in_name ESCAPE '{_ESCAPE}' OR users.email_canonical LIKE :in_email ESCAPE '{_ESCAPE}' "
        "OR users.id = :search)"
    )
    in_name = _containing(text, any_of=others[_MAX_REPLACED:])
    return condition, {"in_name": in_name, "in_email": _containing(text), "search": search, **capitals}


def _with_small(expression: str, letters: list[str]) -> tuple[str, dict[str, object]]:
    """Returns the expression with the capitals of these letters replaced."""
    values: dict[str, object] = {}
    for number, letter in enumerate(letters):
        expression = f"replace({expression}, :capital_{number}, :small_{number})"
        values |= {f"capital_{number}": capital_of(letter), f"small_{number}": letter}
    return expression, values


def _containing(text: str, any_of: list[str] | None = None) -> str:
    """Returns a LIKE pattern in which every character means itself, except these letters, which mean any one."""
    special = {"%": f"{_ESCAPE}%", "_": f"{_ESCAPE}_", _ESCAPE: _ESCAPE * 2} | dict.fromkeys(any_of or [], "_")
    return "%" + "".join(special.get(character, character) for character in text) + "%"
