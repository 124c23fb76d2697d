"""Where second factors are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from leadnator_auth.domain.entities.recovery_code import RecoveryCode
from leadnator_auth.domain.entities.totp_factor import TotpFactor
from leadnator_auth.domain.values.ids import FactorId, UserId


class TotpFactors(Protocol):
    """The apps that show codes: of an account, one that counts and one that is being set up at most, by its users."""

    async def add(self, factor: TotpFactor) -> None:
        """Keeps a new factor."""

    async def of_user(self, user_id: UserId) -> list[TotpFactor]:
        """Returns the factors of an account, those made first first, and of one instant those with the lower id."""

    async def confirm(self, factor_id: FactorId, step: int, now: datetime) -> bool:
        """Makes a factor count from now on, with the code of this step used; returns whether it did.

        It is one atomic step: of many at once, one confirms it. One that was confirmed stays as it is.
        """

    async def take_step(self, factor_id: FactorId, step: int, now: datetime) -> bool:
        """Uses the code of a step, if it is later than the last that was used; returns whether it did.

        It is one atomic step: of many at once, one gets it.
        """

    async def remove(self, factor_id: FactorId) -> bool:
        """Removes a factor; returns whether it was there, which of many at once only one is told."""


class RecoveryCodes(Protocol):
    """The codes that stand in for a second factor."""

    async def replace(self, user_id: UserId, codes: Sequence[RecoveryCode]) -> None:
        """Keeps these codes of an account in place of all that it had, however many or none."""

    async def of_user(self, user_id: UserId) -> list[RecoveryCode]:
        """Returns the codes of an account that were not used, in the order of their digests."""

    async def take(self, user_id: UserId, digest: str) -> RecoveryCode | None:
        """Removes the code of an account that has this digest, and returns it, if it is there.

        It is one atomic step: of many at once, one gets it.
        """
