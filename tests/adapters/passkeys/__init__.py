"""Passkeys, verified with fido2."""
