"""Help for the tests of those who build on this: contract suites for adapters, a pytest plugin, a client, devices.

`WebhookReceiver` stands for the targets of webhooks; `memory_ports().webhooks` is one.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadnator_auth.adapters.memory import WebhookReceiver

__all__ = ["WebhookReceiver"]


def __getattr__(name: str) -> Any:  # whatever a module has
    """Imports a device when it is asked for: pytest imports this package in every run, whether it is used or not."""
    if name != "WebhookReceiver":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from leadnator_auth.adapters.memory import WebhookReceiver

    return WebhookReceiver
