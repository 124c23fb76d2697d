"""Calls the use cases."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any

import attrs

from leadnator_auth.domain import (
    Actor,
    AuthError,
    Identity,
    LogOutScope,
    Ports,
    SecondFactorRequiredError,
    UserId,
    change_email,
    change_password,
    change_user,
    confirm_email,
    confirm_totp,
    delete_user,
    end_session,
    identify,
    list_events,
    list_sessions,
    list_users,
    log_in,
    log_in_with_second_factor,
    log_out,
    remove_totp,
    request_password_reset,
    resend_verification,
    reset_password,
    set_up_totp,
    sign_up,
    undo_email_change,
    verify_email,
)
from tests.model.answers import OK, Answer


@attrs.frozen
class CoreDriver:
    """A Driver without HTTP."""

    ports: Ports
    runner: asyncio.Runner

    def sign_up(self, email: str, password: str) -> Answer:
        async def act() -> object:
            signed_in = await sign_up("Somebody", email, password, ports=self.ports)
            return signed_in.user.id, signed_in.token

        return self._answer(act())

    def log_in(self, email: str, password: str) -> Answer:
        async def act() -> object:
            signed_in = await log_in(email, password, ports=self.ports)
            return signed_in.user.id, signed_in.token

        return self._answer(act())

    def log_in_with_second_factor(self, challenge: str, code: str) -> Answer:
        async def act() -> object:
            signed_in = await log_in_with_second_factor(challenge, code, ports=self.ports)
            return signed_in.user.id, signed_in.token

        return self._answer(act())

    def set_up_totp(self, token: str) -> Answer:
        async def act() -> object:
            return (await set_up_totp(await self._identity(token), "Acme", ports=self.ports)).secret

        return self._answer(act())

    def confirm_totp(self, token: str, code: str) -> Answer:
        async def act() -> object:
            return await confirm_totp(await self._identity(token), code, ports=self.ports)

        return self._answer(act())

    def remove_totp(self, token: str) -> Answer:
        async def act() -> None:
            await remove_totp(await self._identity(token), ports=self.ports)

        return self._answer(act())

    def me(self, token: str) -> Answer:
        async def act() -> object:
            user = (await self._identity(token)).user
            return user.id, user.name, user.email.typed, user.role.value, user.plan

        return self._answer(act())

    def log_out(self, token: str, scope: str) -> Answer:
        async def act() -> None:
            await log_out(await self._identity(token), LogOutScope(scope), ports=self.ports)

        return self._answer(act())

    def sessions(self, token: str) -> Answer:
        async def act() -> object:
            identity = await self._identity(token)
            sessions = await list_sessions(identity, ports=self.ports)
            return {session.id: session.id == identity.session.id for session in sessions}

        return self._answer(act())

    def end_session(self, token: str, session_id: str) -> Answer:
        async def act() -> None:
            await end_session(await self._identity(token), session_id, ports=self.ports)

        return self._answer(act())

    def change_password(self, token: str, current: str, password: str) -> Answer:
        async def act() -> None:
            await change_password(await self._identity(token), current, password, ports=self.ports)

        return self._answer(act())

    def forgot_password(self, email: str) -> Answer:
        return self._answer(request_password_reset(email, ports=self.ports))

    def reset_password(self, secret: str, password: str) -> Answer:
        return self._answer(reset_password(secret, password, ports=self.ports))

    def verify_email(self, secret: str) -> Answer:
        return self._answer(verify_email(secret, ports=self.ports))

    def resend_verification(self, token: str) -> Answer:
        async def act() -> None:
            await resend_verification(await self._identity(token), ports=self.ports)

        return self._answer(act())

    def change_email(self, token: str, email: str) -> Answer:
        async def act() -> None:
            await change_email(await self._identity(token), email, ports=self.ports)

        return self._answer(act())

    def confirm_email(self, secret: str) -> Answer:
        return self._answer(confirm_email(secret, ports=self.ports))

    def undo_email_change(self, secret: str) -> Answer:
        return self._answer(undo_email_change(secret, ports=self.ports))

    def change_user(self, token: str, user_id: str, changes: dict[str, str]) -> Answer:
        async def act() -> object:
            changed = await change_user(await self._actor(token), UserId(user_id), changes, ports=self.ports)
            return changed.user.status.value, changed.user.role.value, changed.user.plan

        return self._answer(act())

    def delete_user(self, token: str, user_id: str) -> Answer:
        async def act() -> object:
            return await delete_user(await self._actor(token), UserId(user_id), ports=self.ports)

        return self._answer(act())

    def list_users(self, token: str) -> Answer:
        async def act() -> object:
            page = await list_users(await self._actor(token), limit=100, ports=self.ports)
            return {user.email.typed for user in page.entries}

        return self._answer(act())

    def list_changes(self, token: str, user_id: str) -> Answer:
        async def act() -> object:
            page = await list_events(await self._actor(token), user_id, limit=100, ports=self.ports)
            return sorted((e.actor, e.type.value) for e in page.entries if e.type.value.startswith("user."))

        return self._answer(act())

    def _answer(self, work: Coroutine[Any, Any, object]) -> Answer:
        try:
            return Answer(OK, self.runner.run(work))
        except SecondFactorRequiredError as required:
            return Answer(required.code, required.challenge)
        except AuthError as error:
            return Answer(error.code)

    def _identity(self, token: str) -> Awaitable[Identity]:
        return identify(token, ports=self.ports)

    async def _actor(self, token: str) -> Actor:
        return Actor.through(await self._identity(token))
