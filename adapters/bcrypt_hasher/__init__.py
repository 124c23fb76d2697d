"""The PasswordHasher over bcrypt, on threads of its own."""

from leadnator_auth.adapters.bcrypt_hasher.calibration import nearest_cost, seconds_of_a_hash
from leadnator_auth.adapters.bcrypt_hasher.hasher import BcryptHasher

__all__ = ["BcryptHasher", "nearest_cost", "seconds_of_a_hash"]
