"""Who may have an account of their own accord."""

import attrs

from leadnator_auth.domain.errors import SignUpClosedError
from leadnator_auth.domain.values.email_address import EmailAddress


@attrs.frozen
class SignUpPolicy:
    """Who may make an account for themselves: anybody, nobody, or those with a mailbox at some domains.

    An administrator makes accounts for whom they like. Neither answer depends on which addresses are taken.
    """

    domains: frozenset[str] | None = None
    """Each as in canonical addresses, and without those below it; None for all there are, empty for nobody."""

    def check_sign_up(self, address: EmailAddress) -> None:
        """Raises: SignUpClosedError unless somebody with this address may sign up."""
        if self.domains is not None and address.domain not in self.domains:
            raise SignUpClosedError

    def check_move(self, address: EmailAddress) -> None:
        """Checks the address that somebody with an account wants in place of theirs.

        Whoever has an account keeps it while nobody may sign up, and may move; but not out of the domains.

        Raises: SignUpClosedError.
        """
        if self.domains:
            self.check_sign_up(address)
