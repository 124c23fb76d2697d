"""The ceremonies of passkeys, verified with `fido2` (the extra `passkeys`)."""

from leadnator_auth.adapters.fido2_passkeys.ceremony import Fido2Passkeys

__all__ = ["Fido2Passkeys"]
