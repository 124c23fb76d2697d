"""Signing up: a new account, and a first session in it."""

from leadnator_auth.domain.entities.credentials import Credentials
from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.proof import password_proof
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.entities.user import User, parse_name
from leadnator_auth.domain.errors import EmailTakenError
from leadnator_auth.domain.ports import (
    Ports,
    Transaction,
)
from leadnator_auth.domain.use_cases.steps.known_clients import is_new_agent
from leadnator_auth.domain.use_cases.steps.new_id import new_id
from leadnator_auth.domain.use_cases.steps.open_session import Entry, SignedIn, admitted, open_session
from leadnator_auth.domain.use_cases.steps.record import record
from leadnator_auth.domain.use_cases.steps.throttle import throttle
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.use_cases.steps.verified_email import ask_to_verify
from leadnator_auth.domain.values.email_address import EmailAddress
from leadnator_auth.domain.values.fields import FieldChecks, RawField
from leadnator_auth.domain.values.ids import USER_ID_PREFIX, UserId


async def sign_up(
    name: RawField, email: RawField, password: RawField, client: Client = Client(), *, ports: Ports
) -> SignedIn:
    """Returns the new account, signed in; its owner is mailed a link that proves the address, unless that is off.

    Raises: MissingFieldsError, InvalidFieldsError, SignUpClosedError, TooManyRequestsError, EmailTakenError,
    OverloadedError.
    """
    with FieldChecks() as check:
        valid_name = check("name", name, parse_name)
        address = check("email", email, ports.emails.parse)
        new_password = check("password", password, ports.policy.password.choose)
    ports.policy.sign_up.check_sign_up(address)  # before anything that depends on who has an account
    await throttle(ports.policy.limits.sign_up, client, now=ports.clock.now(), ports=ports)
    await _refuse_taken(address, ports)
    password_hash = await ports.hasher.hash(new_password, client)

    now = ports.clock.now()
    user = User(UserId(new_id(USER_ID_PREFIX, ports)), valid_name, address, created_at=now)

    async def keep(transaction: Transaction) -> Entry:
        await transaction.users.add([user], unless_reserved_at=now)
        await transaction.credentials.add([Credentials(user.id, password_hash, changed_at=now)])
        await record(EventType.USER_CREATED, user.id, transaction, ports)
        await ask_to_verify(user, transaction, ports)
        await is_new_agent(user, client, transaction, ports)  # the owner knows of this one
        # Nobody can have proved their address yet; what this session is good for is another question.
        return await open_session(user, password_proof(now), client, transaction, ports, verified=False)

    return admitted(await run_in_transaction(ports.unit_of_work, keep))


async def _refuse_taken(address: EmailAddress, ports: Ports) -> None:
    """Saves hashing for a sign-up that is bound to fail; `Users.add` makes sure that no two get through."""
    async with ports.unit_of_work.snapshot() as repositories:
        if await repositories.users.is_taken(address.canonical, ports.clock.now()):
            raise EmailTakenError
