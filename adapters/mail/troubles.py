"""What a mail server has against a mail, or against us: as far as its code, its status and its words tell."""

import re
from enum import StrEnum

import attrs


class Trouble(StrEnum):
    """Why a mail would get no further; each has a cure of its own."""

    UNKNOWN_NAME = "unknown name"
    OUT_OF_REACH = "out of reach"
    NOT_WELCOME = "not welcome"
    NAME_REFUSED = "name refused"
    NOT_ENCRYPTED = "not encrypted"
    BAD_HANDSHAKE = "bad handshake"
    BAD_CERTIFICATE = "bad certificate"
    NO_LOG_IN = "no log-in"
    LOG_IN_WANTED = "log-in wanted"
    ENCRYPTION_WANTED = "encryption wanted"
    LOG_IN_REFUSED = "log-in refused"
    SENDER_REFUSED = "sender refused"
    SENDER_UNPROVEN = "sender unproven"
    BLOCKED = "blocked"
    RELAY_DENIED = "relay denied"
    RECIPIENT_REFUSED = "recipient refused"
    MAILBOX_FULL = "mailbox full"
    GREYLISTED = "greylisted"
    TOO_MANY = "too many"
    TOO_BIG = "too big"
    CONTENT_REFUSED = "content refused"
    POSTPONED = "postponed"
    TOO_SLOW = "too slow"


OURS = frozenset(
    {
        Trouble.NAME_REFUSED,
        Trouble.LOG_IN_WANTED,
        Trouble.ENCRYPTION_WANTED,
        Trouble.SENDER_REFUSED,
        Trouble.SENDER_UNPROVEN,
        Trouble.BLOCKED,
        Trouble.RELAY_DENIED,
    }
)
"""What holds for every mail and is mended in our settings, whenever a server says it: many do as late as at RCPT."""

_STATUS = re.compile(r"[245](\.[0-9]{1,3}\.[0-9]{1,3})\b")

_NAMES = re.compile(r"<[^<>]*>|\S*@\S*|\S+\.\S+")
"""Addresses and hosts, which may be called anything."""


@attrs.frozen
class _Sign:
    """How a trouble is known: by any of these."""

    trouble: Trouble
    codes: frozenset[int] = frozenset()
    statuses: frozenset[str] = frozenset()
    """RFC 3463, and RFC 7372 for what a sender has to prove; without their first number."""
    words: re.Pattern[str] | None = None

    def is_in(self, code: int, status: str, message: str) -> bool:
        has_words = self.words is not None and self.words.search(message) is not None
        return code in self.codes or status in self.statuses or has_words


def _sign(trouble: Trouble, codes: str = "", statuses: str = "", words: str = "") -> _Sign:
    pattern = re.compile(words, re.IGNORECASE) if words else None
    return _Sign(trouble, frozenset(map(int, codes.split())), frozenset(statuses.split()), pattern)


# The first that fits. What is said in words comes before a status that servers use for many things, such as 5.7.1.
_SIGNS = (
    _sign(Trouble.ENCRYPTION_WANTED, "523", ".7.10 .7.11", r"starttls|\bencrypt|\btls\b|\bssl\b"),
    _sign(
        Trouble.LOG_IN_WANTED,
        "530 534 535",
        ".7.8 .7.9",
        r"authenticat(e|ion) (is )?(required|first)|must auth|log ?in",
    ),
    _sign(Trouble.GREYLISTED, words=r"gr[ae]y-? ?list"),
    _sign(Trouble.NAME_REFUSED, "504", words=r"\b(helo|ehlo)\b"),
    _sign(
        Trouble.BLOCKED,
        statuses=".7.25",
        words=r"(block|black) ?list|dnsbl|blocked using|client host|reverse dns",
    ),
    _sign(Trouble.RELAY_DENIED, statuses=".7.54 .7.64", words=r"\brelay"),
    _sign(Trouble.SENDER_UNPROVEN, statuses=".7.20 .7.21 .7.22 .7.23 .7.24 .7.26", words=r"\b(spf|dkim|dmarc)\b"),
    _sign(Trouble.MAILBOX_FULL, statuses=".2.2", words=r"mailbox (is )?full|quota"),
    _sign(Trouble.TOO_BIG, "552", ".2.3 .3.4", r"\btoo (big|large)\b|message size"),
    _sign(Trouble.SENDER_REFUSED, statuses=".1.7 .1.8", words=r"sender address|not owned by"),
    _sign(Trouble.TOO_MANY, statuses=".4.5 .7.28", words=r"too many|rate limit"),
)


def trouble_in(code: int, message: str, otherwise: Trouble) -> Trouble:
    """Returns what an answer other than the wanted one means, or what it means otherwise where it gives no sign."""
    status = _STATUS.match(message)
    words = _NAMES.sub("", message)
    for sign in _SIGNS:
        if sign.is_in(code, status[1] if status else "", words):
            return sign.trouble
    return otherwise
