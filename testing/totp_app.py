"""An app that shows codes, as people have it on their phones."""

import base64
from datetime import UTC, datetime
from typing import Self
from urllib.parse import parse_qs, urlsplit

import attrs

from leadnator_auth.domain.ports import Clock
from leadnator_auth.domain.values.totp import code_at, step_at

__all__ = ["TotpApp"]


class _TimeOfDay:
    """The clock of a phone, for tests of a server that runs."""

    def now(self) -> datetime:
        return datetime.now(UTC)


TIME_OF_DAY = _TimeOfDay()


@attrs.frozen
class TotpApp:
    """An app that was given a secret and tells the time by a clock; `TotpApp(secret, ports.clock).code`.

    Without a clock it goes by the time of day, as a server that runs does.
    """

    secret: str = attrs.field(repr=False)
    """In base32, as `POST /api/auth/totp` answers it."""
    clock: Clock = TIME_OF_DAY

    @classmethod
    def scanning(cls, uri: str, clock: Clock = TIME_OF_DAY) -> Self:
        """Returns an app that read an `otpauth` URI off a QR code."""
        return cls(parse_qs(urlsplit(uri).query)["secret"][0], clock)

    @property
    def code(self) -> str:
        """The code that it shows now."""
        return self.code_at(self.clock.now())

    def code_at(self, instant: datetime) -> str:
        """Returns the code that it shows at another time."""
        seed = base64.b32decode(self.secret + "=" * (-len(self.secret) % 8))
        return code_at(seed, step_at(instant))
