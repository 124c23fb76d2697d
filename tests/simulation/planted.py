"""Bugs to be found: each is one change of the source, made in a copy of the package that a process of its own runs."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import attrs

import leadnator_auth

PACKAGE = Path(leadnator_auth.__file__).parent
ROOT = Path(__file__).parents[2]


@attrs.frozen
class Bug:
    """A part of a file, and what stands there instead."""

    name: str
    file: str
    right: str
    wrong: str

    def plant(self, package: Path) -> None:
        """Changes a copy of the package.

        Raises: ValueError when the source is no longer what it was.
        """
        path = package / self.file
        source = path.read_text("utf-8")
        if source.count(self.right) != 1:
            raise ValueError(f"{self.name}: {self.file} has {source.count(self.right)} of {self.right!r}")
        path.write_text(source.replace(self.right, self.wrong), "utf-8")


_ADMINISTRATION = "domain/use_cases/administration.py"
_RESET = "domain/use_cases/password_reset.py"
_RECOVERY = "domain/use_cases/steps/complete_recovery.py"
_VERIFICATION = "domain/use_cases/email_verification.py"
_LOG_IN = "domain/use_cases/log_in.py"
_DELIVERY = "domain/use_cases/mail_delivery.py"
_FATE = "domain/use_cases/steps/mail_fate.py"
_DELIVER = "domain/use_cases/steps/deliver.py"
_OUTBOX = "domain/entities/outbox.py"
_MAILS = "domain/use_cases/steps/mails.py"
_DISPATCH = "domain/use_cases/dispatch_events.py"
_EVENT_DELIVERIES = "adapters/memory/event_deliveries.py"
_TOKENS = "adapters/memory/one_time_tokens.py"
_TABLES = "adapters/memory/tables.py"
_QUEUE = "adapters/memory/outbox.py"
_STORE = "adapters/memory/store.py"

BUGS = (
    Bug(
        "a reset keeps the sessions",
        _RECOVERY,
        "    return await end_sessions(without_secrets(left), transaction, ports, reason=reason, actor=actor)\n",
        "    await transaction.users.save(without_secrets(left))\n    return without_secrets(left)\n",
    ),
    Bug(
        "a link proves the address of whoever has it by now",
        _VERIFICATION,
        "        if user is None or user.is_email_verified or not token.belongs_to(user):\n",
        "        user = user or await transaction.users.by_email(token.address or '')\n"
        "        if user is None or user.is_email_verified:\n",
    ),
    Bug(
        "a link that proves an address outlives a new password",
        _VERIFICATION,
        " or not token.belongs_to(user)",
        "",
    ),
    Bug(
        "a link that proves an address works twice",
        _VERIFICATION,
        "        if await transaction.one_time_tokens.use(token.digest, ports.clock.now()) is None:\n"
        "            raise InvalidEmailTokenError\n",
        "",
    ),
    Bug(
        "a reset proves nothing",
        _RESET,
        "    owner = await proved(user, transaction, ports)",
        "    owner = user",
    ),
    Bug(
        "a change of password proves the address",
        _RESET,
        "    await _keep_hash(user, new_hash, transaction, ports)\n",
        "    user = await proved(user, transaction, ports)\n    await transaction.users.save(user)\n"
        "    await _keep_hash(user, new_hash, transaction, ports)\n",
    ),
    Bug(
        "who signs up is not mailed a link",
        "domain/use_cases/sign_up.py",
        "        await ask_to_verify(user, transaction, ports)\n",
        "",
    ),
    Bug(
        "a reset keeps the other reset secrets",
        _RECOVERY,
        "end_sessions(without_secrets(left),",
        "end_sessions(user,",
    ),
    Bug(
        "a reset that is kept is answered with an error when what follows fails",
        "domain/use_cases/steps/transaction.py",
        "    with suppress(UnavailableError):\n        await work\n",
        "    await work\n",
    ),
    Bug(
        "no notice of a new password",
        _RESET,
        "    await queue_mail(MailKind.PASSWORD_CHANGED, user.email.canonical, transaction, ports)\n",
        "",
    ),
    Bug(
        "a suspension keeps the sessions",
        _ADMINISTRATION,
        "            after = await end_sessions("
        'without_secrets(after), transaction, ports, reason="suspended", actor=actor.id)\n',
        "            await transaction.users.save(after)\n",
    ),
    Bug(
        "a suspended user gets in",
        "domain/use_cases/steps/open_session.py",
        "    if user.is_suspended:\n        raise AccountSuspendedError\n",
        "",
    ),
    Bug(
        "a log-in ignores that the password changed meanwhile",
        _LOG_IN,
        " or current.version != proven.version",
        "",
    ),
    Bug(
        "a change of password ignores that the password changed meanwhile",
        "domain/use_cases/steps/check_password.py",
        " or current.version != proven.version",
        "",
    ),
    Bug(
        "the expiry of a token is not checked",
        "domain/entities/access_token.py",
        '        if now >= self.expires_at + CLOCK_LEEWAY:\n            raise InvalidTokenError("expired")\n',
        "",
    ),
    Bug(
        "the last admin is looked for outside of the transaction",
        _ADMINISTRATION,
        "    async def change(transaction: Transaction) -> ChangedUser:\n"
        "        admins = await lock_active_admins(actor, transaction)\n",
        "    async with ports.unit_of_work.snapshot() as early:\n"
        "        admins = await early.users.active_admins()\n\n"
        "    async def change(transaction: Transaction) -> ChangedUser:\n"
        "        await lock_active_admins(actor, transaction)\n",
    ),
    Bug(
        "a former admin still administers",
        "domain/use_cases/steps/authorize.py",
        "    if user.role is not Role.ADMIN:\n        raise ForbiddenError(user.id)\n",
        "",
    ),
    Bug(
        "what the operator does is no event",
        _ADMINISTRATION,
        "        await _record_changes(actor, after, made, transaction, ports)\n",
        "        if actor.session_id is not None:\n"
        "            await _record_changes(actor, after, made, transaction, ports)\n",
    ),
    Bug(
        "mail goes to an address without an account",
        _FATE,
        "    if user is None:\n        return Unwanted.TO_NOBODY\n",
        "    if user is None:\n"
        "        from leadnator_auth.domain import EmailAddress\n"
        "        nobody = EmailAddress(mail.payload.recipient, mail.payload.recipient)\n"
        "        return TakenMail(mail, NoticeMail(mail.id, mail.payload.kind, nobody, at=mail.queued_at))\n",
    ),
    Bug(
        "a mail counts as sent although the mail server was away",
        _DELIVER,
        "        return delayed(str(error)), error.may_have_arrived\n",
        "        return entry.sent(ports.clock.now()), True\n",
    ),
    Bug(
        "links beyond the limit",
        _FATE,
        "        if len(issued) >= limit.count:\n",
        "        if len(issued) > limit.count:\n",
    ),
    Bug(
        "a mail that is taken can be taken by others",
        _OUTBOX,
        "attempts=self.attempts + 1, due_at=now + LEASE)",
        "attempts=self.attempts + 1)",
    ),
    Bug(
        "a lease is not renewed",
        _OUTBOX,
        "        return attrs.evolve(self, due_at=now + LEASE)\n",
        "        return self\n",
    ),
    Bug(
        "the commit is forgotten",
        "domain/use_cases/steps/transaction.py",
        "            await transaction.commit()\n",
        "",
    ),
    Bug(
        "what was not committed is kept",
        _STORE,
        "yield MemoryTransaction(self.tables.copy(), self._keep)",
        "yield MemoryTransaction(self.tables, self._keep)",
    ),
    Bug(
        "two write at the same time",
        _STORE,
        "        async with self._writer:\n            await asyncio.sleep(0)\n            yield MemoryTransaction",
        "        if True:\n            await asyncio.sleep(0)\n            yield MemoryTransaction",
    ),
    Bug(
        "the end of all sessions ends those that can be removed at once",
        "domain/entities/user.py",
        "session_epoch=user.session_epoch + 1",
        "session_epoch=user.session_epoch",
    ),
    Bug(
        "a deleted account leaves its sessions",
        _TABLES,
        "        remove_sessions(tables, [s.id for s in tables.sessions.values() if s.user_id == user_id])\n",
        "",
    ),
    Bug(
        "two accounts have one address",
        _TABLES,
        "            if await self.by_email(canonical):\n                raise EmailTakenError\n",
        "",
    ),
    Bug(
        "sessions are cleared away too early",
        "domain/use_cases/housekeeping.py",
        "Expired.SESSIONS: CLOCK_LEEWAY",
        "Expired.SESSIONS: -60 * CLOCK_LEEWAY",
    ),
    Bug(
        "tries are counted, and only then looked at",
        "adapters/memory/rate_limits.py",
        "        self.empty_at.update(taken)\n",
        "        await asyncio.sleep(0)\n        self.empty_at.update(taken)\n",
    ),
    Bug(
        "a wrong password takes the count of tries back",
        _LOG_IN,
        "    proven = await verified(kept, typed, client, ports)\n",
        "    await attempts.succeed()\n    proven = await verified(kept, typed, client, ports)\n",
    ),
    Bug(
        "a lease that ended still decides what became of the mail",
        _QUEUE,
        "kept is None or kept.attempts != entry.attempts or kept.state is not DeliveryState.QUEUED",
        "kept is None",
    ),
    Bug(
        "an attempt that may have delivered a link does not count when it failed",
        _DELIVER,
        "        return delayed(str(error)), error.may_have_arrived\n",
        "        return delayed(str(error)), False\n",
    ),
    Bug(
        "a mail that is tried again counts as one link",
        _TOKENS,
        "        return sorted(token.issued_at for token in tokens if",
        "        tokens = list({token.payload: token for token in tokens}.values())\n"
        "        return sorted(token.issued_at for token in tokens if",
    ),
    Bug(
        "a suspended account gets a link",
        _FATE,
        "    if not rule.audience.includes(user):\n        return Unwanted.SURPLUS\n",
        "",
    ),
    Bug(
        "notices without a limit",
        _MAILS,
        "recipient, since) >= limit.count:\n",
        "recipient, since) < 0:\n",
    ),
    Bug(
        "mails to nobody are dropped in one unit of work, which takes too long",
        _DELIVERY,
        "            await transaction.mail_queue.remove(mail.id)\n",
        "            await transaction.mail_queue.remove(mail.id)\n"
        "            for other in await transaction.mail_queue.lease(now, 199, full):\n"
        "                if await transaction.users.by_email(other.payload.recipient) is None:\n"
        "                    await transaction.mail_queue.remove(other.id)\n",
    ),
    Bug(
        "mails that failed go before new ones",
        _QUEUE,
        "        return sorted(due, key=lambda entry: entry.attempts > 0)\n",
        "        return due\n",
    ),
    Bug(
        "one domain has all conversations",
        _QUEUE,
        " and entry.lane not in full]",
        "]",
    ),
    Bug(
        "an event is kept after the commit of what happened",
        "domain/use_cases/sign_up.py",
        "        await record(EventType.USER_CREATED, user.id, transaction, ports)\n"
        "        await ask_to_verify(user, transaction, ports)\n"
        "        await is_new_agent(user, client, transaction, ports)  # the owner knows of this one\n"
        "        # Nobody can have proved their address yet; what this session is good for is another question.\n"
        "        return await open_session(user, password_proof(now), client, transaction, ports, verified=False)\n"
        "\n"
        "    return admitted(await run_in_transaction(ports.unit_of_work, keep))\n",
        "        await ask_to_verify(user, transaction, ports)\n"
        "        await is_new_agent(user, client, transaction, ports)  # the owner knows of this one\n"
        "        # Nobody can have proved their address yet; what this session is good for is another question.\n"
        "        return await open_session(user, password_proof(now), client, transaction, ports, verified=False)\n"
        "\n"
        "    async def tell(transaction: Transaction) -> None:\n"
        "        await record(EventType.USER_CREATED, user.id, transaction, ports)\n"
        "\n"
        "    signed_in = admitted(await run_in_transaction(ports.unit_of_work, keep))\n"
        "    await run_in_transaction(ports.unit_of_work, tell)\n"
        "    return signed_in\n",
    ),
    Bug(
        "an event has an address in it",
        _RESET,
        "    await record(event_type, user.id, transaction, ports)\n",
        "    await record(event_type, user.id, transaction, ports, email=user.email.canonical)\n",
    ),
    Bug(
        "the positions have a gap",
        "adapters/memory/events.py",
        "enumerate(unplaced, last + 1)",
        "enumerate(unplaced, last + 1 + (last > 4))",
    ),
    Bug(
        "a subscription goes on at the last position, whatever it has seen",
        _DISPATCH,
        "        positions[subscription.id] = last if end is None else end\n",
        "        positions[subscription.id] = last\n",
    ),
    Bug(
        "deliveries are made of what was read before the lock",
        _DISPATCH,
        "        subscriptions = await _active(transaction, ports)\n",
        "",
    ),
    Bug(
        "no pause after a failure",
        "domain/entities/subscription.py",
        "        return self.enabled and (self.paused_until is None or self.paused_until <= now)\n",
        "        return self.enabled\n",
    ),
    Bug(
        "all deliveries at once find out whether a receiver is well",
        "adapters/memory/subscriptions.py",
        "        self.tables.subscriptions[kept.id] = attrs.evolve(kept, paused_until=until)\n",
        "",
    ),
    Bug(
        "what happened to an account overtakes what happened before",
        _EVENT_DELIVERIES,
        " if entry.attempts > 0 or not waits(entry.payload)]",
        "]",
    ),
    Bug(
        "a delivery counts as made although the receiver failed",
        _DELIVER,
        '        return delayed(f"{type(error).__name__}: {error}"), True\n',
        "        return entry.sent(ports.clock.now()), True\n",
    ),
    Bug(
        "a delivery is given up when it is due",
        _EVENT_DELIVERIES,
        " if entry.due_at <= now and entry.give_up_at <= now]",
        " if entry.due_at <= now]",
    ),
)
QUICK = tuple(
    bug
    for bug in BUGS
    if bug.name in ("a reset keeps the sessions", "the commit is forgotten", "the positions have a gap")
)
"""A few that are found soon, for a test that runs each time."""


@attrs.frozen
class Search:
    """How long a bug was looked for; `found_after` is None where it was not found."""

    bug: str
    found_after: int | None
    violation: str


def seeds_to_find(bug: Bug, most: int) -> Search:
    """Returns after how many seeds, from the first one on, a planted bug shows."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "leadnator_auth"
        shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        bug.plant(copy)
        command = [sys.executable, "-m", "tests.simulation", "--seeds", str(most), "--until-one", "--json"]
        # The coverage of a copy says nothing.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
        environment = {**inherited, "PYTHONPATH": os.pathsep.join([folder, str(ROOT)]), "PYTHONSAFEPATH": "1"}
        answer = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False)
    if answer.returncode not in (0, 1) or not answer.stdout:
        raise RuntimeError(answer.stderr)
    summary = json.loads(answer.stdout)
    failed = summary["violations"]
    return Search(bug.name, summary["seeds"] if failed else None, failed[0]["violation"] if failed else "")
