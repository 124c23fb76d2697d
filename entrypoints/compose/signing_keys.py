"""What signing keys need, and whether it is there."""

from collections.abc import Sequence
from importlib.util import find_spec

from leadnator_auth.adapters.jwt_tokens import PairMaker
from leadnator_auth.adapters.sql import is_sqlite
from leadnator_auth.domain import KeyState, SigningAlgorithm, SigningKey
from leadnator_auth.domain.ports import KeyMaker, Ports
from leadnator_auth.entrypoints.settings import PREFIX, Settings
from leadnator_auth.entrypoints.settings.errors import StartError

LIBRARIES = ("cryptography",)
"""What the extra `jwt` installs."""
INSTALL = "pip install 'leadnator-auth[jwt]'"
_ALGORITHM, _MASTER_KEY = f"{PREFIX}JWT_ALGORITHM", f"{PREFIX}MASTER_KEY"


def missing_libraries() -> list[str]:
    """Returns which libraries of the extra `jwt` are not installed."""
    return [name for name in LIBRARIES if find_spec(name) is None]


def key_maker() -> KeyMaker | None:
    """Returns what makes signing keys, or None where its library is not installed; nothing is imported for it."""
    return None if missing_libraries() else PairMaker()


def require_signing_keys(settings: Settings) -> None:
    """Raises: StartError, where signing keys are asked for and there is no library to make or no key to seal them."""
    algorithm = SigningAlgorithm(settings.jwt_algorithm)
    if not algorithm.has_public_keys:
        return
    if missing := missing_libraries():
        raise StartError(
            f"{_ALGORITHM}: got {algorithm.value!r}, takes HS256 where {', '.join(missing)} is not installed: {INSTALL}"
        )
    if not settings.master_keys and not is_sqlite(settings.database):
        raise StartError(
            f"{_MASTER_KEY}: got nothing, takes one or more keys of at least 32 bytes each, separated by commas; with "
            f"{_ALGORITHM}={algorithm.value} the signing keys are sealed with it, and with PostgreSQL there is no file "
            "beside the database to keep one in"
        )


def check_they_open(keys: Sequence[SigningKey], ports: Ports) -> None:
    """Raises: StartError, where the key that signs, or the next one, was sealed with a master key that is gone."""
    maker = ports.key_maker
    for key in keys:
        if key.state is not KeyState.RETIRED and maker and not maker.can_sign(key, ports.master_keys):
            raise StartError(
                f"{_MASTER_KEY}: the signing key {key.kid} cannot be opened with it; put the one back that it was "
                f"sealed with, or have another key, which ends its tokens: leadnator-auth keys retire {key.kid}"
            )
