"""Password hashes of other systems: which are taken, how a password is held against them, and why others are not."""

from leadnator_auth.adapters.foreign_hashes.scheme import ForeignHash
from leadnator_auth.adapters.foreign_hashes.table import ForeignHashes

__all__ = ["ForeignHash", "ForeignHashes"]
