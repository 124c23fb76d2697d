"""What may be a secret that was given to the neighbour of its setting."""

import re

MIN_SECRET_BYTES = 32
# Somebody's log-in in a URL, or the start of one: what it is in may hold a password.
_LOG_IN = re.compile(r"//.*@|\S:\S.*@", re.DOTALL)
# A password that is named as one, in whatever has names: a connection string, JSON, a header.
_NAMED = re.compile(r"(?:pass(?:word|wd|phrase)|pwd|secret)[\"']?\s*[=:]", re.IGNORECASE)
# A word as `openssl rand` prints them.
_RANDOM = re.compile(r"(?=.*\d)[A-Za-z0-9+/_=,-]+")
_BETWEEN_WORDS = re.compile(r"[\s\"'`\u201c\u201d\u2018\u2019:;.<>(){}\[\]]+")
# Of an application that may use passkeys; anybody can read it in the application.
_PUBLIC = re.compile(r"apk-key-hash:\S+")
# A name of several words, such as customer-identity-platform-v2.
_NAME = re.compile(r"(?:[A-Za-z]+|[A-Za-z0-9]{1,3})(?:-(?:[A-Za-z]+|[A-Za-z0-9]{1,3}))+")


def may_hold_a_secret(text: str) -> bool:
    """Returns whether a password may be in a text, or a word of it a secret by itself."""
    words = _BETWEEN_WORDS.split(_PUBLIC.sub(" ", text))
    return bool(_LOG_IN.search(text) or _NAMED.search(text)) or any(map(_may_be_one, words))


def _may_be_one(word: str) -> bool:
    if len(word) < MIN_SECRET_BYTES or word.isdecimal() or _NAME.fullmatch(word):
        return False
    return _RANDOM.fullmatch(word) is not None
