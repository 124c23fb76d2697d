"""Making ids."""

from leadnator_auth.domain.ports import Ports
from leadnator_auth.domain.values.ids import ID_BYTES


def new_id(prefix: str, ports: Ports) -> str:
    """Returns a unique id that nobody can guess: 128 random bits after the prefix."""
    return prefix + ports.randomness.urlsafe(ID_BYTES)
