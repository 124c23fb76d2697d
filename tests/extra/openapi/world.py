"""The accounts, and all that is theirs, at the beginning of each case: those in the examples of the document."""

from collections.abc import Mapping, Sequence

import attrs

from leadnator_auth.adapters.email_syntax import ValidatedEmailSyntax
from leadnator_auth.adapters.jwt_tokens import JwtTokens, PairMaker
from leadnator_auth.adapters.memory import MemoryPorts, memory_ports
from leadnator_auth.adapters.memory.tables import Tables
from leadnator_auth.domain import (
    ApiKey,
    ApiKeyId,
    EmailAddress,
    Event,
    EventDelivery,
    Limits,
    OneTimeToken,
    Policy,
    Purpose,
    QueuedEvent,
    RefreshFamily,
    Role,
    Session,
    SessionId,
    SigningAlgorithm,
    Subscription,
    User,
    UserId,
    Webhook,
    WebhookId,
    sign_up,
)
from leadnator_auth.domain.entities.api_key import ADMIN_SCOPES
from leadnator_auth.domain.entities.email_change import EmailChange
from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.one_time_token import digest_of
from leadnator_auth.domain.entities.refresh_family import written
from leadnator_auth.domain.values.ids import EventId
from tests.extra.openapi.factors import CEREMONY, Device, Json, add_passkeys, add_second_factor, add_waiting_app

ALICE = {"name": "Alice", "email": "alice@example.com", "password": "minimum-6-chars"}
"""The account in the examples of the document."""
OTHER_SESSION = SessionId("s_123")
"""The session in the examples of the document."""
API_KEY = ApiKeyId("k_123")
"""The API key in the examples of the document."""
KEY_SECRET = "lnk_" + "A" * 43
OTHER_USER = UserId("u_123")
"""The user in the examples of the document."""
RESET_SECRET = "reset_" + "A" * 43
VERIFICATION_SECRET = "verify_" + "A" * 43
CODE_CHALLENGE = "code_" + "A" * 43
CODE_MAIL = "m_123"
CONFIRMATION_SECRET = "email_" + "A" * 43
UNDO_SECRET = "undo_" + "A" * 43
WANTED = EmailAddress("al@example.com", "al@example.com")


@attrs.frozen
class World:
    """Everything in memory, without and with a second factor of Alice, and what nobody guesses."""

    ports: MemoryPorts
    token: str
    """Alice's."""
    tables: Tables
    tables_with_second_factor: Tables
    right: Mapping[str, Sequence[Json]]
    """Members of bodies that are right, and that no generator comes by, of each kind that a path takes."""


async def new_world() -> World:
    """Returns a world with Alice and Carol as admins, what Alice was handed and mailed, a webhook, and Bob."""
    policy = Policy(limits=Limits.none(), account_changes=None, email_code_login=True)
    ports = attrs.evolve(
        memory_ports(policy=policy), emails=ValidatedEmailSyntax(), tokens=JwtTokens(["s" * 32]), passkeys=CEREMONY
    )
    alice = await sign_up(ALICE["name"], ALICE["email"], ALICE["password"], ports=ports)
    tables, other = ports.unit_of_work.tables.copy(), attrs.evolve(alice.session, id=OTHER_SESSION)
    tables.sessions[other.id] = other
    family = RefreshFamily(OTHER_SESSION, ports.master_keys.newest_id)
    tables.refresh_families[other.id] = family
    _add_mailed(tables, alice.user, other, ports)
    _add_webhook(tables, ports)
    _add_what_services_ask_for(tables, other, ports)
    _add_others(tables, alice.user)
    device = Device.of(alice.user, ports)
    add_passkeys(tables, device, other)
    add_waiting_app(tables, other, ports)
    with_second_factor = tables.copy()
    await add_second_factor(with_second_factor, other, ports)
    refresh_token = written(family.token, ports.master_keys)
    right = {**_right(alice.token, refresh_token, ports), **device.answers(alice.user)}
    return World(ports, alice.token, tables, with_second_factor, right)


def _right(token: str, refresh_token: str, ports: MemoryPorts) -> Mapping[str, Sequence[Json]]:
    code = f"{int.from_bytes(ports.code_keys.derive(f'login_code:{CODE_MAIL}')) % 10**6:06}"
    return {
        "/api/auth/signup": [{"email": "x@bücher.example.com"}],
        "/api/auth/change-password": [{"current_password": ALICE["password"]}],
        "/api/auth/reset-password": [{"token": RESET_SECRET}],
        "/api/auth/verify-email": [{"token": VERIFICATION_SECRET}],
        "/api/auth/login/code/confirm": [{"challenge": CODE_CHALLENGE, "code": code}],
        "/api/auth/confirm-email": [{"token": CONFIRMATION_SECRET}],
        "/api/auth/undo-email-change": [{"token": UNDO_SECRET}],
        "/api/auth/refresh": [{"refresh_token": refresh_token}],
        "/api/auth/introspect": [{"token": token}, {"token": KEY_SECRET}],
    }


def _add_mailed(tables: Tables, alice: User, session: Session, ports: MemoryPorts) -> None:
    """Adds the secrets of the mails to Alice, and of what they are about."""
    reset = OneTimeToken(
        Purpose.RESET,
        digest_of(RESET_SECRET),
        alice.id,
        alice.email.canonical,
        session.created_at,
        session.expires_at,
    )
    verification = attrs.evolve(reset, purpose=Purpose.VERIFY, digest=digest_of(VERIFICATION_SECRET))
    challenge = attrs.evolve(
        reset,
        purpose=Purpose.LOGIN_CODE,
        digest=digest_of(CODE_CHALLENGE),
        user_id=None,
        address=None,
        tries_left=5,
        payload=CODE_MAIL,
    )
    mailed = attrs.evolve(
        reset,
        purpose=Purpose.MAILED_CODE,
        digest=digest_of(Purpose.MAILED_CODE.prefix + CODE_MAIL),
        payload=ports.code_keys.newest_id,
    )
    confirmation = attrs.evolve(
        reset, purpose=Purpose.EMAIL, digest=digest_of(CONFIRMATION_SECRET), address=WANTED.canonical
    )
    undo = attrs.evolve(reset, purpose=Purpose.UNDO, digest=digest_of(UNDO_SECRET))
    change = EmailChange(alice.id, 0, alice.email, None, session.created_at, session.expires_at)
    tables.email_changes[f"{alice.id} 0"] = change
    tokens = (reset, verification, challenge, mailed, confirmation, undo)
    tables.one_time_tokens |= {token.digest: token for token in tokens}


def _add_webhook(tables: Tables, ports: MemoryPorts) -> None:
    """Adds the webhook and the delivery in the examples of the document."""
    now = ports.clock.now()
    webhook = Webhook(WebhookId("wh_123"), "https://crm.example.com/", "CRM", now, ports.master_keys.newest_id)
    event = next(iter(tables.events.values()))
    tables.webhooks[webhook.id] = webhook
    tables.subscriptions[webhook.id] = Subscription(webhook.id, since=now)
    tables.event_deliveries["d_123"] = QueuedEvent.new("d_123", EventDelivery(webhook.id, event), now)


def _add_what_services_ask_for(tables: Tables, session: Session, ports: MemoryPorts) -> None:
    """Adds an API key, the end of a session in the feed, and a key for signatures of each algorithm."""
    now = session.created_at
    scopes = tuple(sorted(ADMIN_SCOPES))
    key = ApiKey(digest_of(KEY_SECRET), API_KEY, session.user_id, "CI", scopes, now)
    tables.api_keys[key.id] = key
    data = {"session_id": "s_456", "reason": "logout", "expires_at": "2026-01-08T12:00:00Z"}
    ended = Event(EventId("e_123"), EventType.SESSION_ENDED, now, session.user_id, session.user_id, data)
    tables.events[ended.id] = ended
    tables.places[ended.id] = 1
    for algorithm in (SigningAlgorithm.EDDSA, SigningAlgorithm.ES256):
        published = PairMaker().new_key(algorithm, ports.master_keys, now)
        tables.signing_keys[published.kid] = published


def _add_others(tables: Tables, alice: User) -> None:
    """Makes Alice an admin who asked for another address, and adds Bob, and Carol, with whom Alice may leave."""
    bob = attrs.evolve(alice, id=OTHER_USER, email=EmailAddress("bob@example.com", "bob@example.com"))
    admin = attrs.evolve(alice, role=Role.ADMIN, pending_email=WANTED)
    carol = attrs.evolve(admin, id=UserId("u_456"), email=EmailAddress("carol@example.com", "carol@example.com"))
    tables.users |= {user.id: user for user in (admin, bob, attrs.evolve(carol, pending_email=None))}
