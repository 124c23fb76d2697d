"""What may be a secret that was given to the neighbour of its setting."""

import re

MIN_SECRET_BYTES = 32
# Somebody's log-in in a URL, or the start of one: what it is in may hold a password.
_LOG_IN = re.compile(r"//.*@|\S:\S.*@", re.DOTALL)
# A password that is named as one, in whatever has names: a connection string, JSON, a header.
_NAMED = re.compile(r"(?:pass(?:word|wd|phrase)|pwd|secret)[\"']?\s*[=:]", re.IGNORECASE)
# A word as `openssl rand` prints them.
_RANDOM = re.compile(r"(?=.*\d)[A-Za-z0-9+/_=,-]+")
_BETWEEN_WORDS = re.compile(r"[\s\"'`]+")


def may_hold_a_secret(text: str) -> bool:
    """Returns whether a password may be in a text, or a word of it a secret by itself."""
    return bool(_LOG_IN.search(text) or _NAMED.search(text)) or any(map(_may_be_one, _BETWEEN_WORDS.split(text)))


def _may_be_one(word: str) -> bool:
    return len(word) >= MIN_SECRET_BYTES and not word.isdecimal() and _RANDOM.fullmatch(word) is not None
