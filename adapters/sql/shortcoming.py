"""Why a database will not do."""

from collections.abc import Sequence

import attrs


@attrs.frozen
class Shortcoming:
    """Something that a database lacks, and what to do about it."""

    found: str
    cure: str

    @property
    def line(self) -> str:
        """Both in one line."""
        return f"{self.found}; {self.cure}"


def collision(names: Sequence[str], cure: str) -> Shortcoming | None:
    """Returns that these are in the place of our tables, which are not there yet; None without any."""
    return Shortcoming(f"it has something else by a name that we need: {', '.join(names)}", cure) if names else None
