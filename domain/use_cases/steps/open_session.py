"""The only place where a session begins, whatever the way in."""

import attrs

from leadnator_auth.domain.entities.access_token import access_claims
from leadnator_auth.domain.entities.mail import MailKind
from leadnator_auth.domain.entities.proof import Proof
from leadnator_auth.domain.entities.session import Client, Session
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.errors import AccountSuspendedError, SecondFactorRequiredError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.access_tokens import issue_token
from leadnator_auth.domain.use_cases.steps.end_sessions import MAX_REMOVED
from leadnator_auth.domain.use_cases.steps.known_clients import is_new_agent, remember
from leadnator_auth.domain.use_cases.steps.mails import queue_mail
from leadnator_auth.domain.use_cases.steps.new_id import new_id
from leadnator_auth.domain.use_cases.steps.record import record_start
from leadnator_auth.domain.use_cases.steps.second_factor_challenge import SecondFactorRequired, ask_second_factor
from leadnator_auth.domain.use_cases.steps.verified_email import check_verified
from leadnator_auth.domain.values.ids import SESSION_ID_PREFIX, SessionId


@attrs.frozen
class SignedIn:
    """A user with a new session, and the access token to prove it."""

    user: User
    session: Session
    token: str = attrs.field(repr=False)


Entry = SignedIn | SecondFactorRequired
"""What becomes of somebody who proved who they are."""


async def open_session(
    user: User, proof: Proof, client: Client, transaction: Transaction, ports: Ports, *, verified: bool | None = None
) -> Entry:
    """Returns the user with a session that begins now; the oldest one ends if there would be too many.

    `proof` is how they proved who they are, whatever the way in. Where the account takes a second factor and none is
    part of it, no session begins, and what is asked for then is returned. Where that is asked for, a client that is new
    to the account is told to its owner by mail.

    The user must have been read, or made, first of all in the same transaction: then nothing ends their sessions
    meanwhile. `verified` is whether their address has to be proved; None leaves it to the policy.

    Raises: AccountSuspendedError, EmailNotVerifiedError.
    """
    if user.is_suspended:
        raise AccountSuspendedError
    check_verified(user, ports, verified=verified)
    if user.has_second_factor and not proof.has_second_factor:
        return await ask_second_factor(user, proof, transaction, ports)
    now, idle = ports.clock.now(), ports.policy.session_idle
    session = Session(
        id=SessionId(new_id(SESSION_ID_PREFIX, ports)),
        user_id=user.id,
        created_at=now,
        expires_at=now + ports.policy.session_lifetime,
        client=client,
        epoch=user.session_epoch,
        last_used_at=None if idle is None else now,
    ).proven_by(proof)
    removed = await transaction.sessions.trim(user.id, keep=ports.policy.max_sessions - 1, limit=MAX_REMOVED)
    await transaction.sessions.add(session)
    await record_start(session, (each for each in removed if each.is_live(user, now, idle)), transaction, ports)
    if await is_new_agent(user, client, transaction, ports):
        await queue_mail(MailKind.NEW_SIGN_IN, user.email.canonical, transaction, ports, client=client)
    token = await issue_token(access_claims(session, new_id("", ports)), ports, transaction)
    return SignedIn(user, session, token)


async def enter_account(user: User, proof: Proof, client: Client, transaction: Transaction, ports: Ports) -> Entry:
    """Opens a session of somebody who was here before; once they are in, the client counts as one of the owner's.

    Returns and raises what `open_session` does.
    """
    entry = await open_session(user, proof, client, transaction, ports)
    if isinstance(entry, SignedIn):
        await remember(user, client, transaction, ports)
    return entry


def admitted(entry: Entry) -> SignedIn:
    """Returns who is in, once what `open_session` returned is stored.

    Raises: SecondFactorRequiredError.
    """
    if isinstance(entry, SignedIn):
        return entry
    challenge = entry.challenge
    raise SecondFactorRequiredError(entry.user.id, challenge.secret, challenge.expires_at, entry.factors, entry.passkey)


async def replace_session(
    session: Session, user: User, transaction: Transaction, ports: Ports, *, reason: str
) -> Session:
    """Returns a session that begins now in place of one that ends, for this reason; it is the same log-in.

    So its proof, its client and when it is over are what they were: nobody is told of a new client, and there are as
    many sessions as before. The user, and then the session, must have been read first of all in the same transaction.
    """
    now = ports.clock.now()
    last_used_at = None if ports.policy.session_idle is None else now
    session_id = SessionId(new_id(SESSION_ID_PREFIX, ports))
    successor = attrs.evolve(session, id=session_id, created_at=now, last_used_at=last_used_at)
    await transaction.sessions.end(session.id)
    await transaction.sessions.add(successor)
    await record_start(successor, [session], transaction, ports, reason=reason)
    return successor
