"""Why a database will not do."""

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
