"""The published suite of passkeys' ceremonies, over fido2."""

import pytest

from leadnator_auth.adapters.fido2_passkeys import Fido2Passkeys
from leadnator_auth.testing.contract import PasskeyCeremonyContract
from leadnator_auth.testing.contract.passkey_answers import ORIGINS, RP_ID


class TestFido2Passkeys(PasskeyCeremonyContract):
    """The ceremonies that are served."""

    @pytest.fixture
    def ceremony(self) -> Fido2Passkeys:
        return Fido2Passkeys(RP_ID, "The Example", ORIGINS)
