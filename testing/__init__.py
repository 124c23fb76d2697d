"""Help for the tests of those who build on this: contract suites for adapters, a pytest plugin, a client, devices.

`TotpApp` shows the codes of a second factor. `VirtualAuthenticator` keeps passkeys and signs with them; it needs the
extra `passkeys`. `WebhookReceiver` stands for the targets of webhooks; `memory_ports().webhooks` is one.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadnator_auth.adapters.memory import WebhookReceiver
    from leadnator_auth.testing.totp_app import TotpApp
    from leadnator_auth.testing.virtual_authenticator import (
        AuthenticatorRefusedError,
        VirtualAuthenticator,
        VirtualCredential,
    )

__all__ = ["AuthenticatorRefusedError", "TotpApp", "VirtualAuthenticator", "VirtualCredential", "WebhookReceiver"]

_AUTHENTICATOR = "leadnator_auth.testing.virtual_authenticator"
_DEVICES = {
    "AuthenticatorRefusedError": _AUTHENTICATOR,
    "TotpApp": "leadnator_auth.testing.totp_app",
    "VirtualAuthenticator": _AUTHENTICATOR,
    "VirtualCredential": _AUTHENTICATOR,
    "WebhookReceiver": "leadnator_auth.adapters.memory",
}


def __getattr__(name: str) -> Any:  # whatever a module has
    """Imports a device when it is asked for: pytest imports this package in every run, whether it is used or not."""
    if name not in _DEVICES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_DEVICES[name]), name)
