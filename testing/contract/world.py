"""A complete set of ports around the one under test."""

import attrs

from leadnator_auth.adapters.memory import memory_ports
from leadnator_auth.adapters.snapshot_identities import SnapshotIdentities
from leadnator_auth.domain.policy import EmailVerification, Policy
from leadnator_auth.domain.ports import Identities, Ports, RateLimits, UnitOfWork


def world_over(
    unit_of_work: UnitOfWork, *, identities: Identities | None = None, rate_limits: RateLimits | None = None
) -> Ports:
    """Returns a new world in memory, with this store in place of its own; who signs up there is not mailed to.

    Without `identities`, sessions are looked up through the unit of work.
    """
    fields = attrs.asdict(memory_ports(policy=Policy(email_verification=EmailVerification.OFF)), recurse=False)
    fields["unit_of_work"] = unit_of_work
    fields["identities"] = identities or SnapshotIdentities(unit_of_work)
    if rate_limits:
        fields["rate_limits"] = rate_limits
    return Ports(**fields)
