"""The PasswordHasher over bcrypt, on threads of its own."""

from leadnator_auth.adapters.bcrypt_hasher.hasher import BcryptHasher

__all__ = ["BcryptHasher"]
