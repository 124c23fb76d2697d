"""The log of signing keys: which sign, come next and verify, whenever a process finds that they changed."""

from collections.abc import Sequence

import structlog

from leadnator_auth.domain.entities.signing_key import KeyState, SigningKey

_log = structlog.get_logger(__name__)


def log_keys(keys: Sequence[SigningKey]) -> None:
    """Logs the ids of the keys by their state."""
    kids = {state.value: [key.kid for key in keys if key.state is state] for state in KeyState}
    _log.info("signing_keys", **kids)
