"""What a client says it is, in words for a mail, by the library ua-parser where that is installed."""

import re

_WORDS = re.compile(r"[A-Za-z][A-Za-z +-]{0,31}", re.ASCII)
"""A client says what it likes: nothing of it that could be a link, an address or a number gets into a mail."""


def described(user_agent: str) -> tuple[str, str]:
    """Returns the program and the system, such as Firefox and Linux; each is empty where it is not known.

    The first time it takes half a second to load.
    """
    if not user_agent:
        return "", ""
    try:
        from ua_parser import parse  # of the extra `agents`, and not needed for any other mail
    except ImportError:
        return "", ""
    result = parse(user_agent)
    program, system = result.user_agent, result.os
    return _known(program.family) if program else "", _known(system.family) if system else ""


def _known(name: str) -> str:
    return name if name != "Other" and _WORDS.fullmatch(name) else ""
