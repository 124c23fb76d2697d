"""What a check finds, and what to do about it."""

from enum import StrEnum

import attrs


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@attrs.frozen
class Finding:
    """One line of the report; `cure` says what to do, and is empty where all is well."""

    level: Level
    check: str
    found: str
    cure: str = ""

    @property
    def line(self) -> str:
        """The finding for people."""
        cure = f" -> {self.cure}" if self.cure else ""
        return f"{self.level:<4}  {self.check:<18}  {self.found}{cure}"


def ok(check: str, found: str) -> Finding:
    """Returns that all is well."""
    return Finding(Level.OK, check, found)


def warn(check: str, found: str, cure: str) -> Finding:
    """Returns what works, but should not stay as it is."""
    return Finding(Level.WARN, check, found, cure)


def fail(check: str, found: str, cure: str) -> Finding:
    """Returns what does not work, or must not go on."""
    return Finding(Level.FAIL, check, found, cure)
