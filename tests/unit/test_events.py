"""Every use case that writes tells of each change, once, in the transaction that makes it; and of nothing else."""

import ast
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import attrs
import pyotp
import pytest

from leadnator_auth.adapters.fido2_passkeys import Fido2Passkeys
from leadnator_auth.adapters.memory import FakeClock, MemoryPorts
from leadnator_auth.domain import (
    Actor,
    AuthError,
    Event,
    Identity,
    LogOutScope,
    MailRefusedError,
    PasskeyId,
    Policy,
    Ports,
    SecondFactorRequiredError,
    SignedIn,
    SigningAlgorithm,
    UserId,
    add_passkey,
    add_webhook,
    change_account,
    change_email,
    change_password,
    change_user,
    change_webhook,
    confirm_email,
    confirm_totp,
    create_api_key,
    create_api_key_for,
    create_user,
    delete_account,
    delete_user,
    deliver_due_events,
    deliver_due_mails,
    dispatch_events,
    end_session,
    identify,
    import_users,
    issue_token_pair,
    keep_signing_keys,
    log_in,
    log_in_with_code,
    log_in_with_passkey,
    log_in_with_second_factor,
    log_out,
    make_recovery_codes,
    purge,
    recover_user,
    refresh_token_pair,
    remove_passkey,
    remove_totp,
    remove_webhook,
    rename_passkey,
    renew_event_lease,
    renew_lease,
    request_login_code,
    request_passkey_log_in,
    request_passkey_registration,
    request_passkey_step_up,
    request_password_reset,
    resend_verification,
    reset_password,
    retire_signing_key,
    retry_mails,
    retry_webhook_delivery,
    revoke_any_api_key,
    revoke_api_key,
    rotate_signing_keys,
    rotate_webhook_secret,
    send_test_event,
    set_up_totp,
    sign_up,
    step_up,
    subscribe_functions,
    undo_email_change,
    use_cases,
    verify_email,
)
from leadnator_auth.domain.use_cases.event_delivery import attempt_event, keep_attempts, take_events
from leadnator_auth.domain.use_cases.mail_delivery import send_mail, take_mail
from leadnator_auth.domain.use_cases.revocations import advance_feed, read_revocations
from leadnator_auth.testing import VirtualAuthenticator
from tests.unit.changes import changes, state_of, told

OPERATOR = Actor.operator()
STARTED, ENDED = "session.started", "session.ended"
VERIFIED = "user.email_verified"
CHANGED = "user.email_changed"
PASSKEY_ADDED, PASSKEY_REMOVED = "passkey.added", "passkey.removed"
RESET = ["api_key.revoked", "factor.removed", PASSKEY_REMOVED, ENDED, ENDED, "password.reset", VERIFIED]
BOB = {"name": "Bob", "email": "bob@example.com", "password_hash": "cheap$1$bob"}


@attrs.frozen
class Scene:
    """Root, an admin who is logged in, and Alice: logged in twice, with an app, a passkey, an API key and two links."""

    ports: Ports
    memory: MemoryPorts
    root: Actor
    alice: UserId
    first: Identity
    second: Identity
    secret: str
    verification: str
    phone: VirtualAuthenticator
    passkey: PasskeyId
    codes: list[str]
    """Recovery codes that were not used."""
    key: str

    async def log_in(self, ports: Ports | None = None) -> SignedIn:
        """Logs Alice in, with her password and a recovery code."""
        with pytest.raises(SecondFactorRequiredError) as asked:
            await log_in("alice@example.com", "secret", ports=ports or self.ports)
        return await log_in_with_second_factor(asked.value.challenge, self.codes.pop(), ports=ports or self.ports)

    async def patch(self, **fields: object) -> None:
        await change_user(self.root, self.alice, fields, ports=self.ports)

    async def move(self) -> str:
        """Gives Alice another address and returns the secret that undoes it."""
        await change_email(self.first, "al@example.org", ports=self.ports)
        await deliver_due_mails(ports=self.ports)
        await confirm_email(self.memory.mailer.confirmation_links[-1].secret, ports=self.ports)
        await deliver_due_mails(ports=self.ports)
        return self.memory.mailer.undo_links[-1].secret

    async def many_log_ins(self) -> None:
        """Lets Alice log in where she may have two sessions, and has them."""
        await self.log_in(attrs.evolve(self.ports, policy=Policy(max_sessions=2)))

    async def upgrade(self) -> None:
        self.memory.hasher.strength = 2
        await self.log_in()

    async def expire(self) -> None:
        self.memory.clock.advance(days=8)

    async def another_mail(self) -> None:
        await request_password_reset("alice@example.com", ports=self.ports)


def _identity(signed_in: SignedIn) -> Identity:
    return Identity(signed_in.user, signed_in.session)


async def _with_an_app(identity: Identity, ports: Ports) -> list[str]:
    """Sets up an app that shows codes, and lets it count; returns the recovery codes."""
    app = pyotp.TOTP((await set_up_totp(identity, "Acme", ports=ports)).secret)
    return list(await confirm_totp(identity, app.at(ports.clock.now()), ports=ports))


async def _with_a_passkey(device: VirtualAuthenticator, identity: Identity, ports: Ports) -> PasskeyId:
    """Makes a passkey with a device."""
    asked = await request_passkey_registration(identity, ports=ports)
    answer = device.create(asked.options)
    return (await add_passkey(identity, asked.challenge.secret, answer, ports=ports)).id


@pytest.fixture
async def scene(ports: Ports, memory: MemoryPorts) -> Scene:
    """The scene over each store in turn."""
    await create_user(OPERATOR, "Root", "root@example.com", "secret", is_admin=True, ports=ports)
    root = Actor.through(_identity(await log_in("root@example.com", "secret", ports=ports)))
    ceremony = Fido2Passkeys("auth.example.com", "Example", ["https://auth.example.com"])
    mailing = attrs.evolve(ports, policy=Policy(email_code_login=True), passkeys=ceremony)
    alice = await sign_up("Alice", "alice@example.com", "secret", ports=mailing)
    memory.clock.advance(seconds=1)
    second = await log_in("alice@example.com", "secret", ports=ports)
    codes = await _with_an_app(_identity(alice), ports)
    phone = VirtualAuthenticator()
    passkey = await _with_a_passkey(phone, _identity(alice), mailing)
    key = (await create_api_key(_identity(alice), "CI", ports=ports)).key.id
    await request_password_reset("alice@example.com", ports=ports)
    await deliver_due_mails(ports=ports)
    links = memory.mailer.reset_links[0].secret, memory.mailer.verification_links[0].secret
    sessions = _identity(alice), _identity(second)
    return Scene(mailing, memory, root, alice.user.id, *sessions, *links, phone, passkey, codes, key)


Act = Callable[[Scene], Awaitable[object]]


async def _retried(scene: Scene) -> None:
    scene.memory.mailer.failure = MailRefusedError("550 no such mailbox")
    await scene.another_mail()
    await deliver_due_mails(ports=scene.ports)
    assert await retry_mails(ports=scene.ports) == 1


async def _taken_renewed_sent(scene: Scene) -> None:
    await scene.another_mail()
    taken, _ = await take_mail(ports=scene.ports)
    assert taken is not None
    await renew_lease(taken.entry, ports=scene.ports)
    assert (await send_mail(taken, ports=scene.ports)).sent == 1


async def _told_who_subscribed(scene: Scene) -> None:
    told_of: list[Event] = []

    async def subscriber(event: Event) -> None:
        told_of.append(event)

    ports = attrs.evolve(scene.ports, subscribers={"py:app.subscriber": subscriber})
    await subscribe_functions(ports=ports)
    await scene.log_in(ports)
    await scene.log_in(ports)
    assert (await dispatch_events(ports=ports)).queued == 2
    (taken,), _ = await take_events(limit=5, ports=ports)
    await renew_event_lease(taken.entry, ports=ports)
    await keep_attempts([await attempt_event(taken, ports=ports)], ports=ports)
    assert (await deliver_due_events(ports=ports)).sent == 1
    assert [event.type for event in told_of] == [STARTED, STARTED]


async def _an_hour_later(scene: Scene) -> None:
    scene.memory.clock.advance(hours=1)


async def _purged(scene: Scene) -> None:
    scene.memory.clock.advance(days=100)
    assert await purge(ports=scene.ports) > 0


async def _keys_exchanged(scene: Scene) -> None:
    policy = attrs.evolve(scene.ports.policy, signing_algorithm=SigningAlgorithm.EDDSA)
    ports = attrs.evolve(scene.ports, policy=policy)
    first, _ = await keep_signing_keys(ports=ports)
    scene.memory.clock.advance(minutes=10)
    await rotate_signing_keys(ports=ports)
    await retire_signing_key(first.kid, ports=ports)


async def _webhook_tried(scene: Scene) -> None:
    webhook_id = (await add_webhook(scene.root, "https://crm.example.com/", ports=scene.ports)).webhook.webhook.id
    await change_webhook(scene.root, webhook_id, {"enabled": False}, ports=scene.ports)
    await rotate_webhook_secret(scene.root, webhook_id, ports=scene.ports)
    delivery = await send_test_event(scene.root, webhook_id, ports=scene.ports)
    await retry_webhook_delivery(scene.root, webhook_id, delivery.id, ports=scene.ports)
    await remove_webhook(scene.root, webhook_id, ports=scene.ports)


async def _logged_in_by_code(scene: Scene, *, guess: str = "") -> None:
    """Asks for a code, and logs in with it or with something else."""
    challenge = await request_login_code("alice@example.com", ports=scene.ports)
    await deliver_due_mails(ports=scene.ports)
    await log_in_with_code(challenge.secret, guess or scene.memory.mailer.login_codes[-1].secret, ports=scene.ports)


async def _passkey_used(scene: Scene, *, is_cloned: bool = False) -> None:
    for each in [scene.phone.clone(), scene.phone] if is_cloned else [scene.phone]:
        asked = await request_passkey_log_in(ports=scene.ports)
        await log_in_with_passkey(asked.challenge.secret, each.get(asked.options), ports=scene.ports)


async def _asked_by_code(scene: Scene) -> None:
    """Logs in with a mailed code, and answers what is asked for then."""
    with pytest.raises(SecondFactorRequiredError) as asked:
        await _logged_in_by_code(scene)
    await log_in_with_second_factor(asked.value.challenge, scene.codes.pop(), ports=scene.ports)


async def _stepped_up(scene: Scene) -> None:
    await step_up(scene.second, code=scene.codes.pop(), ports=scene.ports)


async def _refreshed(scene: Scene, *which: int) -> None:
    """Exchanges Alice's first token for a pair, and refreshes with these of the tokens that it got so far."""
    tokens = [(await issue_token_pair(scene.first, ports=scene.ports)).refresh_token]
    for number in which:
        tokens.append((await refresh_token_pair(tokens[number], ports=scene.ports)).refresh_token)


async def _paired_twice(scene: Scene) -> None:
    pair = await issue_token_pair(scene.first, ports=scene.ports)
    await issue_token_pair(await identify(pair.access_token, ports=scene.ports), ports=scene.ports)


async def _after(first: Awaitable[object], then: Awaitable[object]) -> None:
    await first
    await then


async def _advanced(scene: Scene) -> None:
    await advance_feed(0, ports=scene.ports)


STORIES: dict[str, list[tuple[Act, list[str]]]] = {
    "sign_up": [
        (lambda s: sign_up("Bob", "bob@example.com", "secret", ports=s.ports), ["user.created", STARTED]),
        (lambda s: sign_up("Al", "ALICE@example.com", "secret", ports=s.ports), []),
    ],
    "log_in": [
        (lambda s: log_in("root@example.com", "secret", ports=s.ports), [STARTED]),
        (lambda s: log_in("alice@example.com", "secret", ports=s.ports), []),
        (lambda s: log_in("alice@example.com", "wrong", ports=s.ports), []),
        (lambda s: log_in("nobody@example.com", "secret", ports=s.ports), []),
        (lambda s: s.many_log_ins(), [ENDED, STARTED]),
        (lambda s: s.upgrade(), [STARTED]),
    ],
    "log_in_with_second_factor": [
        (lambda s: s.log_in(), [STARTED]),
        (lambda s: _asked_by_code(s), [STARTED, VERIFIED]),
        (lambda s: log_in_with_second_factor("mfa_" + "A" * 43, s.codes[0], ports=s.ports), []),
    ],
    "log_out": [
        (lambda s: log_out(s.first, ports=s.ports), [ENDED]),
        (lambda s: log_out(s.first, LogOutScope.OTHERS, ports=s.ports), [ENDED]),
        (lambda s: log_out(s.first, LogOutScope.GLOBAL, ports=s.ports), [ENDED, ENDED]),
        (lambda s: _after(log_out(s.first, ports=s.ports), log_out(s.first, ports=s.ports)), [ENDED]),
    ],
    "end_session": [
        (lambda s: end_session(s.first, s.second.session.id, ports=s.ports), [ENDED]),
        (lambda s: end_session(s.first, s.root.session_id or "", ports=s.ports), []),
        (lambda s: end_session(s.first, "s_nowhere", ports=s.ports), []),
    ],
    "change_password": [
        (lambda s: change_password(s.first, "secret", "new-secret", ports=s.ports), [ENDED, "password.changed"]),
        (lambda s: change_password(s.first, "wrong", "new-secret", ports=s.ports), []),
    ],
    "step_up": [
        (lambda s: step_up(s.first, "secret", ports=s.ports), []),
        (lambda s: step_up(s.first, "wrong", ports=s.ports), []),
        (_stepped_up, []),
    ],
    "issue_token_pair": [
        (lambda s: issue_token_pair(s.first, ports=s.ports), [ENDED, STARTED]),
        (lambda s: _paired_twice(s), [ENDED, STARTED]),
        (lambda s: _after(log_out(s.first, ports=s.ports), issue_token_pair(s.first, ports=s.ports)), [ENDED]),
    ],
    "refresh_token_pair": [
        (lambda s: _refreshed(s, 0, 1, 1), [ENDED, STARTED]),
        (lambda s: refresh_token_pair("refresh_x", ports=s.ports), []),
    ],
    "change_account": [
        (lambda s: change_account(s.first, {"name": "Alicia"}, ports=s.ports), ["user.updated"]),
        (lambda s: change_account(s.first, {"user_metadata": {"a": 1}}, ports=s.ports), ["user.updated"]),
        (lambda s: change_account(s.first, {"name": "Alice", "user_metadata": {}}, ports=s.ports), []),
        (lambda s: change_account(s.first, {"name": ""}, ports=s.ports), []),
    ],
    "delete_account": [
        (lambda s: delete_account(s.first, ports=s.ports), [ENDED, ENDED, "user.deleted"]),
        (lambda s: _after(_an_hour_later(s), delete_account(s.first, ports=s.ports)), []),
    ],
    "request_login_code": [
        (lambda s: request_login_code("alice@example.com", ports=s.ports), []),
        (lambda s: request_login_code("nobody@example.com", ports=s.ports), []),
    ],
    "log_in_with_code": [
        (lambda s: _logged_in_by_code(s), []),
        (
            lambda s: _after(remove_totp(s.first, ports=s.ports), _logged_in_by_code(s)),
            ["factor.removed", STARTED, VERIFIED],
        ),
        (lambda s: _after(verify_email(s.verification, ports=s.ports), _logged_in_by_code(s)), [VERIFIED]),
        (lambda s: _logged_in_by_code(s, guess="nonsense"), []),
    ],
    "set_up_totp": [(lambda s: set_up_totp(s.first, "Acme", ports=s.ports), [])],
    "confirm_totp": [
        (lambda s: _with_an_app(s.first, s.ports), ["factor.added", "factor.removed"]),
        (lambda s: confirm_totp(s.first, "000000", ports=s.ports), []),
    ],
    "remove_totp": [
        (lambda s: remove_totp(s.first, ports=s.ports), ["factor.removed"]),
        (
            lambda s: _after(set_up_totp(s.first, "Acme", ports=s.ports), remove_totp(s.first, ports=s.ports)),
            ["factor.removed"],
        ),
        (
            lambda s: _after(remove_totp(s.first, ports=s.ports), remove_totp(s.first, ports=s.ports)),
            ["factor.removed"],
        ),
    ],
    "make_recovery_codes": [
        (lambda s: make_recovery_codes(s.first, ports=s.ports), ["factor.added"]),
        (lambda s: make_recovery_codes(s.second, ports=s.ports), []),
    ],
    "create_api_key": [
        (lambda s: create_api_key(s.first, "CI", ports=s.ports), ["api_key.created"]),
        (lambda s: create_api_key(s.first, "CI", ["introspect"], ports=s.ports), []),
        (lambda s: create_api_key(s.first, "", ports=s.ports), []),
        (lambda s: _after(_an_hour_later(s), create_api_key(s.first, "CI", ports=s.ports)), []),
    ],
    "create_api_key_for": [(lambda s: create_api_key_for(s.alice, "CI", ports=s.ports), ["api_key.created"])],
    "revoke_api_key": [
        (lambda s: revoke_api_key(s.second, s.key, ports=s.ports), ["api_key.revoked"]),
        (lambda s: revoke_api_key(s.second, "k_nowhere", ports=s.ports), []),
        (
            lambda s: _after(
                revoke_api_key(s.second, s.key, ports=s.ports), revoke_api_key(s.first, s.key, ports=s.ports)
            ),
            ["api_key.revoked"],
        ),
    ],
    "revoke_any_api_key": [
        (lambda s: revoke_any_api_key(s.key, ports=s.ports), ["api_key.revoked"]),
        (lambda s: revoke_any_api_key("k_nowhere", ports=s.ports), []),
    ],
    "request_passkey_registration": [(lambda s: request_passkey_registration(s.first, ports=s.ports), [])],
    "add_passkey": [
        (lambda s: _with_a_passkey(VirtualAuthenticator(), s.first, s.ports), [PASSKEY_ADDED]),
        (lambda s: add_passkey(s.first, "register_x", {}, ports=s.ports), []),
    ],
    "rename_passkey": [(lambda s: rename_passkey(s.first, s.passkey, {"name": "Old"}, ports=s.ports), [])],
    "remove_passkey": [
        (lambda s: remove_passkey(s.first, s.passkey, ports=s.ports), [PASSKEY_REMOVED]),
        (
            lambda s: _after(
                remove_passkey(s.first, s.passkey, ports=s.ports), remove_passkey(s.first, s.passkey, ports=s.ports)
            ),
            [PASSKEY_REMOVED],
        ),
    ],
    "request_passkey_step_up": [(lambda s: request_passkey_step_up(s.first, ports=s.ports), [])],
    "request_passkey_log_in": [(lambda s: request_passkey_log_in(ports=s.ports), [])],
    "log_in_with_passkey": [
        (lambda s: _passkey_used(s), [STARTED]),
        (lambda s: _passkey_used(s, is_cloned=True), [STARTED, "passkey.cloned"]),
    ],
    "request_password_reset": [
        (lambda s: request_password_reset("alice@example.com", ports=s.ports), []),
        (lambda s: request_password_reset("nobody@example.com", ports=s.ports), []),
    ],
    "reset_password": [
        (
            lambda s: reset_password(s.secret, "new-secret", ports=s.ports),
            RESET,
        ),
        (
            lambda s: _after(
                verify_email(s.verification, ports=s.ports), reset_password(s.secret, "new-secret", ports=s.ports)
            ),
            RESET,
        ),
        (lambda s: reset_password(f"{s.secret}x", "new-secret", ports=s.ports), []),
        (
            lambda s: _after(
                reset_password(s.secret, "new-secret", ports=s.ports), reset_password(s.secret, "third", ports=s.ports)
            ),
            RESET,
        ),
    ],
    "resend_verification": [(lambda s: resend_verification(s.first, ports=s.ports), [])],
    "verify_email": [
        (lambda s: verify_email(s.verification, ports=s.ports), [VERIFIED]),
        (lambda s: verify_email(s.secret, ports=s.ports), []),
        (
            lambda s: _after(verify_email(s.verification, ports=s.ports), verify_email(s.verification, ports=s.ports)),
            [VERIFIED],
        ),
        (lambda s: _after(s.patch(email_verified=True), verify_email(s.verification, ports=s.ports)), [VERIFIED]),
    ],
    "change_email": [(lambda s: change_email(s.first, "al@example.org", ports=s.ports), [])],
    "confirm_email": [
        (lambda s: s.move(), [CHANGED, VERIFIED]),
        (lambda s: _after(s.patch(email_verified=True), s.move()), [VERIFIED, CHANGED]),
        (lambda s: confirm_email("email_" + "A" * 43, ports=s.ports), []),
    ],
    "create_user": [
        (lambda s: create_user(s.root, "Bob", "bob@example.com", "secret", ports=s.ports), ["user.created"]),
        (lambda s: create_user(OPERATOR, "Bob", "bob@example.com", "secret", ports=s.ports), ["user.created"]),
        (lambda s: create_user(s.root, "Al", "alice@example.com", "secret", ports=s.ports), []),
    ],
    "change_user": [
        (lambda s: s.patch(name="Alicia"), ["user.updated"]),
        (lambda s: s.patch(role="admin", plan="Growth", name="Alicia"), ["user.updated"]),
        (lambda s: s.patch(name=" Alice ", role="user", plan="Starter", status="active"), []),
        (lambda s: s.patch(), []),
        (lambda s: s.patch(email_verified=True), [VERIFIED]),
        (lambda s: s.patch(email_verified=False), []),
        (lambda s: s.patch(email_verified=True, plan="Growth"), [VERIFIED, "user.updated"]),
        (lambda s: s.patch(email="al@example.org"), [CHANGED]),
        (lambda s: s.patch(email="al@example.org", email_verified=True), [CHANGED, VERIFIED]),
        (lambda s: s.patch(email="root@example.com"), []),
        (lambda s: s.patch(status="suspended"), [ENDED, ENDED, "user.suspended"]),
        (lambda s: s.patch(status="suspended", plan="Growth"), [ENDED, ENDED, "user.updated", "user.suspended"]),
        (
            lambda s: _after(s.patch(status="suspended"), s.patch(status="suspended")),
            [ENDED, ENDED, "user.suspended"],
        ),
        (lambda s: change_user(OPERATOR, UserId(s.root.id), {"role": "user"}, ports=s.ports), []),
    ],
    "delete_user": [
        (lambda s: delete_user(s.root, s.alice, ports=s.ports), [ENDED, ENDED, "user.deleted"]),
        (lambda s: delete_user(OPERATOR, UserId(s.root.id), ports=s.ports), []),
        (lambda s: delete_user(OPERATOR, UserId("u_nobody"), ports=s.ports), []),
    ],
    "import_users": [
        (lambda s: import_users([BOB, BOB | {"email": "al@example.com"}], ports=s.ports), ["user.created"] * 2),
        (lambda s: import_users([BOB | {"email_verified": True}], ports=s.ports), ["user.created"]),
        (lambda s: import_users([BOB | {"status": "suspended"}], ports=s.ports), ["user.created"]),
        (lambda s: import_users([BOB, BOB, BOB | {"email": "alice@example.com"}, {}], ports=s.ports), ["user.created"]),
        (lambda s: _after(import_users([BOB], ports=s.ports), import_users([BOB], ports=s.ports)), ["user.created"]),
        (lambda s: import_users([], ports=s.ports), []),
    ],
    "add_webhook": [(lambda s: add_webhook(s.root, "https://crm.example.com/", ports=s.ports), [])],
    "change_webhook": [(_webhook_tried, [])],
    "rotate_webhook_secret": [(_webhook_tried, [])],
    "send_test_event": [(_webhook_tried, [])],
    "retry_webhook_delivery": [(_webhook_tried, [])],
    "remove_webhook": [(_webhook_tried, [])],
    "purge": [(_purged, [])],
    "keep_signing_keys": [(_keys_exchanged, [])],
    "rotate_signing_keys": [(_keys_exchanged, [])],
    "retire_signing_key": [(_keys_exchanged, [])],
    "retry_mails": [(_retried, [])],
    "deliver_due_mails": [(lambda s: _after(s.another_mail(), deliver_due_mails(ports=s.ports)), [])],
    "take_mail": [(_taken_renewed_sent, [])],
    "renew_lease": [(_taken_renewed_sent, [])],
    "send_mail": [(_taken_renewed_sent, [])],
    "deliver_due_events": [(_told_who_subscribed, [STARTED, STARTED])],
    "advance_feed": [(_advanced, [])],
    "read_revocations": [(lambda s: read_revocations("start", ports=s.ports), [])],
    "dispatch_events": [(_told_who_subscribed, [STARTED, STARTED])],
    "keep_attempts": [(_told_who_subscribed, [STARTED, STARTED])],
    "renew_event_lease": [(_told_who_subscribed, [STARTED, STARTED])],
    "subscribe_functions": [(_told_who_subscribed, [STARTED, STARTED])],
    "take_events": [(_told_who_subscribed, [STARTED, STARTED])],
}


@pytest.mark.parametrize(
    ("act", "types"),
    [
        pytest.param(*story, id=f"{name}-{number}")
        for name, stories in STORIES.items()
        for number, story in enumerate(stories)
    ],
)
@pytest.mark.parametrize(
    "ports", ["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)
async def test_there_is_an_event_if_and_only_if_there_is_a_change(scene: Scene, act: Act, types: list[str]) -> None:
    before = await state_of(scene.ports)
    with suppress(AuthError):
        await act(scene)
    after = await state_of(scene.ports)
    assert sorted(event.type for key, event in after.events.items() if key not in before.events) == sorted(types)
    if act is not _purged:  # what expired meanwhile is over, and nothing that anybody did
        assert told(before, after) == changes(before, after)


async def test_that_a_change_of_address_was_undone_is_told_with_all_that_ends(scene: Scene) -> None:
    """It cannot be seen in the account alone: it may have the address back already."""
    undo = await scene.move()
    before = await state_of(scene.ports)
    for _ in range(2):
        with suppress(AuthError):
            await undo_email_change(undo, ports=scene.ports)
    after = await state_of(scene.ports)
    new = sorted(event.type.value for key, event in after.events.items() if key not in before.events)
    assert new == ["api_key.revoked", "factor.removed", PASSKEY_REMOVED, ENDED, ENDED, "user.email_change_undone"]


async def test_that_an_operator_gave_an_account_back_is_told_with_all_that_ends(scene: Scene) -> None:
    """It cannot be seen in the account alone, either."""
    before = await state_of(scene.ports)
    await recover_user(scene.root, scene.alice, ports=scene.ports)
    with suppress(AuthError):
        await recover_user(OPERATOR, UserId("u_nobody"), ports=scene.ports)
    after = await state_of(scene.ports)
    new = sorted(event.type.value for key, event in after.events.items() if key not in before.events)
    assert new == ["api_key.revoked", "factor.removed", PASSKEY_REMOVED, ENDED, ENDED, "user.recovered"]
    assert {event.actor for key, event in after.events.items() if key not in before.events} == {scene.root.id}
    assert {event.actor for key, event in after.events.items() if key not in before.events} == {scene.root.id}


def test_every_use_case_that_writes_has_its_story() -> None:
    assert _writing() - {"undo_email_change", "recover_user"} == STORIES.keys()


def _writing() -> set[str]:
    """Returns the public use cases that lead to a unit of work which may write."""
    folder = Path(use_cases.__file__).parent
    calls: dict[str, set[str]] = {}
    public: set[str] = set()
    for file in folder.rglob("*.py"):
        for each in ast.parse(file.read_text()).body:
            if isinstance(each, ast.AsyncFunctionDef):
                calls[each.name] = {node.id for node in ast.walk(each) if isinstance(node, ast.Name)}
                public |= {each.name} if file.parent == folder and not each.name.startswith("_") else set()
    writing = {"run_in_transaction"}
    while more := {name for name, called in calls.items() if called & writing} - writing:
        writing |= more
    return writing & public


async def test_that_a_refresh_token_was_reused_is_told_with_the_session_that_ends(scene: Scene) -> None:
    """Whether it was cannot be seen in what is kept: only that a session ended."""
    tokens = [(await issue_token_pair(scene.first, ports=scene.ports)).refresh_token]
    for _ in range(2):
        tokens.append((await refresh_token_pair(tokens[-1], ports=scene.ports)).refresh_token)
    before = await state_of(scene.ports)
    for token in (*tokens, tokens[0]):
        with suppress(AuthError):
            await refresh_token_pair(token, ports=scene.ports)
    after = await state_of(scene.ports)
    new = sorted(event.type.value for key, event in after.events.items() if key not in before.events)
    assert new == ["refresh_token.reused", ENDED]
    assert told(before, after) == changes(before, after)


async def test_sessions_that_had_expired_end_untold(scene: Scene) -> None:
    await scene.expire()
    third = _identity(await scene.log_in())
    before = await state_of(scene.ports)
    await end_session(third, scene.first.session.id, ports=scene.ports)
    await log_out(third, LogOutScope.OTHERS, ports=scene.ports)
    assert (await state_of(scene.ports)).events == before.events
    await change_user(OPERATOR, scene.alice, {"status": "suspended"}, ports=scene.ports)
    after = await state_of(scene.ports)
    assert told(before, after) == changes(before, after)
    assert len(after.events) == len(before.events) + 2


async def test_a_session_that_expired_is_not_told_to_have_been_replaced(scene: Scene) -> None:
    await scene.expire()
    await scene.many_log_ins()
    (started,) = list((await state_of(scene.ports)).events.values())[:1]
    assert (started.type, started.at) == (STARTED, scene.ports.clock.now())
    assert ENDED not in [event.type for event in (await state_of(scene.ports)).events.values()]


async def test_a_session_that_ended_with_all_others_ends_once_though_its_row_is_still_there(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    roomy = attrs.evolve(memory, policy=Policy(max_sessions=300))
    identities = [_identity(await log_in("alice@example.com", "secret", ports=roomy)) for _ in range(250)]
    await log_out(identities[0], LogOutScope.GLOBAL, ports=roomy)
    events = memory.unit_of_work.tables.events.copy()
    assert len(memory.unit_of_work.tables.sessions) > 0
    for identity in identities:
        await log_out(identity, ports=roomy)
    assert memory.unit_of_work.tables.events == events


@pytest.mark.parametrize("scope", [LogOutScope.OTHERS, LogOutScope.GLOBAL])
async def test_every_session_is_told_of_that_a_higher_limit_had_let_in(scene: Scene, scope: LogOutScope) -> None:
    for _ in range(5):
        await scene.log_in()
    lower = attrs.evolve(scene.ports, policy=Policy(max_sessions=1))
    before = await state_of(scene.ports)
    await log_out(scene.first, scope, ports=lower)
    after = await state_of(scene.ports)
    assert told(before, after) == changes(before, after)
    before = after
    await delete_user(OPERATOR, scene.alice, ports=lower)
    after = await state_of(scene.ports)
    assert told(before, after) == changes(before, after)


async def test_who_was_imported_is_told_of_as_made_by_the_operator_now(scene: Scene) -> None:
    scene.memory.clock.advance(seconds=1)
    await import_users([BOB | {"created_at": "2020-01-01T00:00:00Z"}], ports=scene.ports)
    newest = next(iter((await state_of(scene.ports)).events.values()))
    assert (newest.type, newest.actor, newest.at, newest.data) == (
        "user.created",
        "operator",
        scene.ports.clock.now(),
        {},
    )


async def test_what_ends_for_a_session_that_begins_ends_before_it(memory: MemoryPorts) -> None:
    """By their instants, too, however little time lies between: whoever sorts by them sees it as it was."""

    class Ticking(FakeClock):
        def now(self) -> datetime:
            self.advance(microseconds=1)
            return self.instant

    ports = attrs.evolve(memory, clock=Ticking(), policy=Policy(max_sessions=1))
    await sign_up("Alice", "alice@example.com", "secret", ports=ports)
    await log_in("alice@example.com", "secret", ports=ports)
    last = sorted(memory.unit_of_work.tables.events.values(), key=lambda event: event.at)[-2:]
    assert [event.type.value for event in last] == [ENDED, STARTED]
