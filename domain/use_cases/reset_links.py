"""Looking at the link to set a new password, before and after it was used; neither uses it up."""

from leadnator_auth.domain.entities.mailed_link import LinkState, MailedLink
from leadnator_auth.domain.entities.one_time_token import Purpose
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.errors import InvalidCredentialsError
from leadnator_auth.domain.ports import Ports
from leadnator_auth.domain.use_cases.steps.check_password import verified
from leadnator_auth.domain.use_cases.steps.known_clients import is_known
from leadnator_auth.domain.use_cases.steps.one_time_tokens import find
from leadnator_auth.domain.use_cases.steps.throttle import LogInThrottle
from leadnator_auth.domain.values.fields import FieldChecks, RawField
from leadnator_auth.domain.values.password import Password


async def look_at_reset_link(secret: RawField, *, ports: Ports) -> MailedLink:
    """Returns what the link with this secret is good for now."""
    if not isinstance(secret, str):
        return MailedLink(LinkState.VOID)
    async with ports.unit_of_work.snapshot() as repositories:
        found = await find(Purpose.RESET, secret, repositories)
    if found is None:
        return MailedLink(LinkState.VOID)
    token, user = found
    if token.used_at is not None:
        return MailedLink(LinkState.USED)
    is_usable = token.is_usable(user, ports.clock.now())
    return MailedLink(LinkState.USABLE, user.email) if is_usable else MailedLink(LinkState.VOID)


async def was_password_reset(secret: RawField, password: RawField, client: Client = Client(), *, ports: Ports) -> bool:
    """Returns whether the link was used, within its lifetime, and this is the password of its account now.

    That is a reset that is sent again, by a second click or over a connection that was lost, and can be answered as the
    first one was. A wrong password counts like a wrong log-in: a used link is no way to guess on.

    Raises: MissingFieldsError, InvalidFieldsError, TooManyRequestsError, OverloadedError.
    """
    with FieldChecks() as check:
        typed_secret = check("token", secret, str)
        typed = check("password", password, Password.typed)
    now = ports.clock.now()
    async with ports.unit_of_work.snapshot() as repositories:
        found = await find(Purpose.RESET, typed_secret, repositories)
        if found is None or found[0].used_at is None or now >= found[0].expires_at:
            return False
        user = found[1]
        kept = await repositories.credentials.of(user.id)
        attempts = LogInThrottle(user.email.canonical, client, await is_known(user, client, repositories, ports), ports)
    await attempts.enter(now)
    try:
        await verified(kept, typed, client, ports)
    except InvalidCredentialsError:
        return False
    await (attempts.take_back() if user.has_second_factor else attempts.succeed())
    return True
