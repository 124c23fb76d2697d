"""Cancels a coroutine at its n-th await: the one of the published contract suites."""

from leadnator_auth.adapters.contract import cancelled_at_step

__all__ = ["cancelled_at_step"]
