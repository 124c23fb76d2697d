"""A store that looks at each commit: what must hold of second factors, whoever does what at the same time."""

from leadnator_auth.adapters.memory.tables import Tables
from leadnator_auth.domain import UserId
from leadnator_auth.domain.entities.recovery_code import CODES
from leadnator_auth.domain.entities.totp_factor import TotpFactor
from tests.simulation.scheduler import Violation
from tests.simulation.unreliable_store import Unreliable


class LookedAfter(Unreliable):
    """Units of work that fail at times, and none of which may break a rule."""

    def _keep(self, tables: Tables) -> None:
        _check(self.tables, tables)
        super()._keep(tables)


def counting(user_id: UserId, tables: Tables) -> list[TotpFactor]:
    """Returns the apps of an account that were confirmed."""
    return [each for each in tables.totp_factors.values() if each.user_id == user_id and each.is_confirmed]


def _check(before: Tables, after: Tables) -> None:
    for user in after.users.values():
        all_of_them = [each for each in after.totp_factors.values() if each.user_id == user.id]
        apps = counting(user.id, after)
        if len(apps) > 1 or len(all_of_them) > len(apps) + 1:
            raise Violation(f"an account has more apps than it can use: {all_of_them}")
        if user.second_factor_at != (apps[0].confirmed_at if apps else None):
            raise Violation(f"an account does not say whether it has a factor: {user.second_factor_at} {apps}")
        codes = [code for code in after.recovery_codes.values() if code.user_id == user.id]
        if len(codes) > (CODES if apps else 0):
            raise Violation(f"an account has recovery codes that it should not have: {len(codes)}")
    for session_id in after.sessions.keys() - before.sessions.keys():
        session = after.sessions[session_id]
        if counting(session.user_id, before) and not session.proof.has_second_factor:
            raise Violation(f"a session began without the factor: {session.amr}")
