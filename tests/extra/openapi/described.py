"""The application as its own OpenAPI document describes it: in process, with Alice logged in, and counted."""

import asyncio
import re
import zlib
from collections import Counter
from typing import Any

import attrs
import schemathesis
from schemathesis import AuthContext, BaseSchema, Case
from schemathesis.python.asgi import ASGIClient, get_client
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leadnator_auth.adapters.email_syntax import ValidatedEmailSyntax
from leadnator_auth.adapters.jwt_tokens import JwtTokens
from leadnator_auth.adapters.memory import MemoryPorts, memory_ports
from leadnator_auth.adapters.memory.tables import Tables
from leadnator_auth.domain import (
    ApiKey,
    ApiKeyId,
    EmailAddress,
    EventDelivery,
    Limits,
    OneTimeToken,
    Policy,
    Purpose,
    QueuedEvent,
    RefreshFamily,
    Role,
    SessionId,
    Subscription,
    UserId,
    Webhook,
    WebhookId,
    sign_up,
)
from leadnator_auth.domain.entities.api_key import ADMIN_SCOPES
from leadnator_auth.domain.entities.email_change import EmailChange
from leadnator_auth.domain.entities.one_time_token import digest_of
from leadnator_auth.domain.entities.refresh_family import written
from leadnator_auth.entrypoints.http import create_app
from leadnator_auth.entrypoints.http.api.operations import OPERATIONS
from tests.extra.openapi.passkeys import CEREMONY, add_passkey

AnyCase = Case[Any]  # of whatever kind of schema
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
CODE = f"{int.from_bytes(memory_ports().code_keys.derive(f'login_code:{CODE_MAIL}')) % 10**6:06}"
CONFIRMATION_SECRET = "email_" + "A" * 43
UNDO_SECRET = "undo_" + "A" * 43
WITH_SCOPE = {operation.path for operation in OPERATIONS if operation.scope}
FAMILY = RefreshFamily(OTHER_SESSION, memory_ports().master_keys.newest_id)
NOT_GUESSED: dict[str, dict[str, Any]] = {
    "/api/auth/signup": {"email": "x@bücher.example.com"},
    "/api/auth/change-password": {"current_password": ALICE["password"]},
    "/api/auth/reset-password": {"token": RESET_SECRET},
    "/api/auth/verify-email": {"token": VERIFICATION_SECRET},
    "/api/auth/login/code/confirm": {"challenge": CODE_CHALLENGE, "code": CODE},
    "/api/auth/confirm-email": {"token": CONFIRMATION_SECRET},
    "/api/auth/undo-email-change": {"token": UNDO_SECRET},
    "/api/auth/refresh": {"refresh_token": written(FAMILY.token, memory_ports().master_keys)},
}
"""Members of a body that are right, and that no generator comes by."""


class Counted:
    """An application, and how often it answered what; the status None stands for an exception that got out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.statuses: Counter[tuple[str, str, int | None]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status: int | None = None

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            self.statuses[scope["method"], _template_of(scope["path"]), status] += 1


class Described:
    """An application that begins each case with the same accounts, sessions and reset tokens."""

    def __init__(self) -> None:
        ports = memory_ports(policy=Policy(limits=Limits.none(), email_code_login=True))
        ports = attrs.evolve(ports, emails=ValidatedEmailSyntax(), passkeys=CEREMONY)
        self._ports = attrs.evolve(ports, tokens=JwtTokens(["s" * 32]))
        self.token, self._tables = asyncio.run(_with_alice(self._ports))
        self.counted = Counted(create_app(self._ports))
        self.client: ASGIClient = get_client(self.counted)  # type: ignore[arg-type]  # it has dicts, not mappings

    def start_over(self) -> None:
        """Undoes what earlier requests did: the session they logged out of is back."""
        self._ports.unit_of_work.tables = self._tables.copy()

    def schema(self) -> BaseSchema:
        """Returns the document that the application serves, with Alice's token for what needs one."""
        schema = schemathesis.openapi.from_asgi("/openapi.json", self.counted)
        schema.config.output.sanitization.update(enabled=False)
        token = self.token

        @schema.auth(refresh_interval=None)
        class Bearer:
            def get(self, case: AnyCase, context: AuthContext) -> str:
                return KEY_SECRET if case.path in WITH_SCOPE else token

            def set(self, case: AnyCase, data: str, context: AuthContext) -> None:
                case.headers["Authorization"] = f"Bearer {data}"

        return schema


def give_what_nobody_guesses(case: AnyCase) -> None:
    """Puts the right password, reset token or such into one body in three, chosen by the body: replays choose alike."""
    right = NOT_GUESSED.get(case.path, {})
    if right and isinstance(case.body, dict) and right.keys() <= case.body.keys():
        chosen = zlib.crc32(repr(case.body).encode("utf-8", "replace")) % 3 == 0
        case.body = {**case.body, **right} if chosen else case.body


async def _with_alice(ports: MemoryPorts) -> tuple[str, Tables]:
    """Returns Alice's token, and the tables with her and Carol as admins, what Alice was mailed, a webhook, and Bob."""
    alice = await sign_up(ALICE["name"], ALICE["email"], ALICE["password"], ports=ports)
    other = attrs.evolve(alice.session, id=OTHER_SESSION)
    reset = OneTimeToken(
        Purpose.RESET,
        digest_of(RESET_SECRET),
        alice.user.id,
        alice.user.email.canonical,
        other.created_at,
        other.expires_at,
    )
    tables = ports.unit_of_work.tables.copy()
    tables.sessions[other.id] = other
    tables.refresh_families[other.id] = FAMILY
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
    wanted = EmailAddress("al@example.com", "al@example.com")
    confirmation = attrs.evolve(
        reset, purpose=Purpose.EMAIL, digest=digest_of(CONFIRMATION_SECRET), address=wanted.canonical
    )
    undo = attrs.evolve(reset, purpose=Purpose.UNDO, digest=digest_of(UNDO_SECRET))
    change = EmailChange(alice.user.id, 0, alice.user.email, None, other.created_at, other.expires_at)
    tables.email_changes[f"{alice.user.id} 0"] = change
    tokens = (reset, verification, challenge, mailed, confirmation, undo)
    tables.one_time_tokens |= {token.digest: token for token in tokens}
    NOT_GUESSED.update(add_passkey(tables, alice.user, reset))
    _add_webhook(tables, ports)
    scopes = tuple(sorted(ADMIN_SCOPES))
    key = ApiKey(digest_of(KEY_SECRET), API_KEY, alice.user.id, "CI", scopes, other.created_at)
    tables.api_keys[key.id] = key
    bob = attrs.evolve(alice.user, id=OTHER_USER, email=EmailAddress("bob@example.com", "bob@example.com"))
    admin = attrs.evolve(alice.user, role=Role.ADMIN, pending_email=wanted)
    # With a second admin, the first may leave.
    carol = attrs.evolve(admin, id=UserId("u_456"), email=EmailAddress("carol@example.com", "carol@example.com"))
    tables.users |= {user.id: user for user in (admin, bob, attrs.evolve(carol, pending_email=None))}
    return alice.token, tables


def _add_webhook(tables: Tables, ports: MemoryPorts) -> None:
    """Adds the webhook and the delivery in the examples of the document."""
    now = ports.clock.now()
    webhook = Webhook(WebhookId("wh_123"), "https://crm.example.com/", "CRM", now, ports.master_keys.newest_id)
    event = next(iter(tables.events.values()))
    tables.webhooks[webhook.id] = webhook
    tables.subscriptions[webhook.id] = Subscription(webhook.id, since=now)
    tables.event_deliveries["d_123"] = QueuedEvent.new("d_123", EventDelivery(webhook.id, event), now)


_TEMPLATES = {re.compile(re.sub("{[^}]*}", "[^/]*", each.path)): each.path for each in OPERATIONS if "{" in each.path}


def _template_of(path: str) -> str:
    return next((template for pattern, template in _TEMPLATES.items() if pattern.fullmatch(path)), path)
