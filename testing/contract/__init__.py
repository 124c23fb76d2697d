"""The contract of each port as a pytest class; the adapters in this package pass the very same ones.

Subclass one in a test file, and give it the adapter as a fixture, in the class, the file or a `conftest.py`:

    class TestMyUsers(UsersContract):
        @pytest.fixture
        async def unit_of_work(self, tmp_path):
            async with my_store(tmp_path) as store:  # empty: each test begins with nothing
                yield store.unit_of_work

The docstring of a class names the fixtures it needs. Those for a store out of reach (`unreachable`) are optional:
without them, the tests that use them are skipped. The suites need pytest and pytest-asyncio, in either of its modes
(`pip install 'leadnator-auth[testing]'`). A failed assertion says what to mend.

New versions may add tests to a class: an adapter that fails a new test did not do what its port says.
"""

from leadnator_auth.testing.contract.administration_races import AdministrationRacesContract
from leadnator_auth.testing.contract.api_keys import ApiKeysContract
from leadnator_auth.testing.contract.cancelling import cancelled_at_step
from leadnator_auth.testing.contract.credential_store import CredentialStoreContract
from leadnator_auth.testing.contract.email_changes import EmailChangesContract
from leadnator_auth.testing.contract.event_deliveries import EventDeliveriesContract
from leadnator_auth.testing.contract.event_feed import EventFeedContract
from leadnator_auth.testing.contract.events import EventsContract
from leadnator_auth.testing.contract.identities import IdentitiesContract
from leadnator_auth.testing.contract.known_clients import KnownClientsContract
from leadnator_auth.testing.contract.mail_queue import MailQueueContract
from leadnator_auth.testing.contract.mailer import MailerContract
from leadnator_auth.testing.contract.one_time_tokens import OneTimeTokensContract
from leadnator_auth.testing.contract.outbox import OutboxContract
from leadnator_auth.testing.contract.outside import (
    AccessTokensContract,
    ClockContract,
    EmailSyntaxContract,
    RandomnessContract,
)
from leadnator_auth.testing.contract.passkey_ceremony import PasskeyCeremonyContract
from leadnator_auth.testing.contract.passkeys import PasskeysContract
from leadnator_auth.testing.contract.password_hasher import PasswordHasherContract
from leadnator_auth.testing.contract.races import RacesContract
from leadnator_auth.testing.contract.rate_limits import RateLimitsContract
from leadnator_auth.testing.contract.readiness import ReadinessContract
from leadnator_auth.testing.contract.second_factors import RecoveryCodesContract, TotpFactorsContract
from leadnator_auth.testing.contract.sessions import SessionsContract
from leadnator_auth.testing.contract.subscriptions import SubscriptionsContract
from leadnator_auth.testing.contract.unit_of_work import UnitOfWorkContract
from leadnator_auth.testing.contract.users import UsersContract
from leadnator_auth.testing.contract.webhook_sender import WebhookSenderContract
from leadnator_auth.testing.contract.webhooks import WebhooksContract
from leadnator_auth.testing.contract.world import world_over

__all__ = [
    "AccessTokensContract",
    "AdministrationRacesContract",
    "ApiKeysContract",
    "ClockContract",
    "CredentialStoreContract",
    "EmailChangesContract",
    "EmailSyntaxContract",
    "EventDeliveriesContract",
    "EventFeedContract",
    "EventsContract",
    "IdentitiesContract",
    "KnownClientsContract",
    "MailQueueContract",
    "MailerContract",
    "OneTimeTokensContract",
    "OutboxContract",
    "PasskeyCeremonyContract",
    "PasskeysContract",
    "PasswordHasherContract",
    "RacesContract",
    "RandomnessContract",
    "RateLimitsContract",
    "ReadinessContract",
    "RecoveryCodesContract",
    "SessionsContract",
    "SubscriptionsContract",
    "TotpFactorsContract",
    "UnitOfWorkContract",
    "UsersContract",
    "WebhookSenderContract",
    "WebhooksContract",
    "cancelled_at_step",
    "world_over",
]
