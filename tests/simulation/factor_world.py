"""Worlds in which people and intruders set up, use, lose and remove second factors, at times at once, and with faults.

Everybody who ever got at the account knows everything: passwords, apps, recovery codes, challenges, links. So whatever
worked once, is void, or was added lately is tried again by somebody; in the end the owner takes the account back.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

import attrs

from leadnator_auth.adapters.memory import MemoryIdentities, MemoryPorts, memory_ports
from leadnator_auth.domain import (
    Actor,
    AuthError,
    Identity,
    Limits,
    Policy,
    Purpose,
    SecondFactorRequiredError,
    SignedIn,
    UserId,
    change_email,
    change_password,
    confirm_email,
    confirm_totp,
    deliver_due_mails,
    identify,
    log_in,
    log_in_with_code,
    log_in_with_second_factor,
    make_recovery_codes,
    purge,
    recover_user,
    remove_totp,
    request_login_code,
    request_password_reset,
    reset_password,
    set_up_totp,
    sign_up,
    step_up,
    undo_email_change,
    verify_email,
)
from leadnator_auth.domain.entities.mail import SecretMail
from leadnator_auth.domain.entities.one_time_token import digest_of
from leadnator_auth.domain.entities.recovery_code import digest_of_code
from leadnator_auth.domain.values.totp import shown, step_at
from leadnator_auth.testing.totp_app import TotpApp
from tests.simulation.factor_store import LookedAfter, counting
from tests.simulation.intrusion import INTRUDERS, OWNERS
from tests.simulation.scheduler import Violation

Result = TypeVar("Result")
ACTS = 22
POLICY = Policy(limits=Limits.none(), account_changes=None, email_code_login=True)


@attrs.frozen
class Code:
    """What somebody has to give: of an app, or one of those that stand in for it."""

    text: str
    app: TotpApp | None = None
    step: int = 0
    """Of two steps with one code, each is good for one use."""

    @classmethod
    def shown_by(cls, app: TotpApp, instant: datetime) -> "Code":
        """Returns what an app shows then."""
        return cls(app.code_at(instant), app, step_at(instant))


class World:
    """One of them."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.store = LookedAfter()
        self.store.chance = self.chance
        fields = attrs.asdict(memory_ports(seed, POLICY), recurse=False)
        fields |= {"unit_of_work": self.store, "identities": MemoryIdentities(self.store)}
        self.ports = MemoryPorts(**fields)
        self.user_id = UserId("")
        self.passwords = ["first-password"]
        self.tokens: list[str] = []
        self.challenges: list[str] = []
        self.answered: set[str] = set()
        self.apps: list[TotpApp] = []
        self.recovery_codes: list[str] = []
        self.added: dict[str, datetime] = {}
        """When an app was confirmed, or a recovery code made."""
        self.spent: list[Code] = []
        self.is_proved = False
        """Whether somebody got in, or was given the account, who read the mails to its address."""
        self.by_mail: set[str] = set()
        self.is_alone = True

    async def begin(self) -> None:
        """The owner signs up; most of them prove their address."""
        signed_in = await sign_up("Owner", OWNERS, self.passwords[0], ports=self.ports)
        self.user_id = signed_in.user.id
        self.tokens.append(signed_in.token)
        await self.deliver()
        if self.chance.random() < 0.7:
            await verify_email(self.mailed(Purpose.VERIFY)[-1], ports=self.ports)
            self.is_proved = True
        await self.get_factor()
        if self.chance.random() < 0.6:
            self.ports.clock.advance(days=10)  # what is older than a week is likely to be the owner's
            challenge = await self.challenged(self.passwords[0])
            await self.answer_with(str(challenge), Code.shown_by(self.apps[0], self.ports.clock.now()))
        self.store.failures = self.chance.choice((0.0, 0.05, 0.2))

    async def live(self) -> None:
        """Everybody does what they can."""
        often = (self.enter, self.answer, self.answer, self.rush, self.rush, self.answer_twice, self.prove)
        seldom = (self.set_up, self.confirm, self.get_factor, self.remove, self.new_codes, self.enter_by_mail)
        others = (self.move, self.forget, self.use, self.new_password, self.deliver, self.pass_time, self.clear)
        rare = (self.undo, self.recover)
        for _ in range(ACTS):
            acts = self.chance.choices((*often, *often, *seldom, *others, *rare), k=self.chance.choice((1, 2)))
            self.is_alone = len(acts) == 1
            await self.at_once(*(act() for act in acts))

    async def at_once(self, *works: Awaitable[object]) -> None:
        """What is refused is no matter."""
        for outcome in await asyncio.gather(*works, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, AuthError):
                raise outcome

    # Getting in.

    async def enter(self) -> None:
        await self.challenged(self.chance.choice(self.passwords[-3:]))

    async def challenged(self, password: str) -> str | None:
        """Returns what a log-in hands out, if it asks for more than the password."""
        return await self._entering(log_in(self.address, password, ports=self.ports))

    async def enter_by_mail(self) -> None:
        asked = await request_login_code(self.address, ports=self.ports)
        await self.deliver()
        if codes := self.ports.mailer.login_codes:
            challenge = await self._entering(log_in_with_code(asked.secret, codes[-1].secret, ports=self.ports))
            self.by_mail |= {challenge} if challenge else set()
            self.is_proved |= challenge is None

    async def _entering(self, way_in: Awaitable[SignedIn]) -> str | None:
        apps = counting(self.user_id, self.store.tables)
        try:
            self.tokens.append((await way_in).token)
        except SecondFactorRequiredError as required:
            self.challenges.append(required.challenge)
            return required.challenge
        if apps and {app.id for app in apps} == {app.id for app in counting(self.user_id, self.store.tables)}:
            raise Violation("somebody got in without the factor")
        return None

    async def answer(self) -> None:
        if self.challenges and (code := self.some_code()):
            await self.answer_with(self.chance.choice(self.challenges[-3:]), code)

    async def rush(self) -> None:
        """What seldom comes together by chance: two with a challenge each have one code."""
        challenges = [await self.challenged(self.passwords[-1]) for _ in range(2)]
        self.ports.clock.advance(seconds=30)
        if code := self.some_code():
            await self.at_once(*(self.answer_with(each, code) for each in challenges if each))

    async def answer_twice(self) -> None:
        """And somebody with two codes has one challenge."""
        challenge = await self.challenged(self.passwords[-1])
        codes = [code for code in (self.some_code(), self.some_code()) if code]
        if challenge:
            await self.at_once(*(self.answer_with(challenge, code) for code in codes))

    async def answer_with(self, challenge: str, code: Code) -> None:
        was_void = self._is_void(challenge)
        signed_in = await self.giving(code, log_in_with_second_factor(challenge, code.text, ports=self.ports))
        if was_void:
            raise Violation("a void challenge worked")
        if challenge in self.answered:
            raise Violation("a challenge worked twice")
        self.answered.add(challenge)
        self.is_proved |= challenge in self.by_mail
        self.tokens.append(signed_in.token)

    async def prove(self) -> None:
        """Steps up, by whatever there is."""
        identity, code = await self.identity(), self.some_code()
        if code and self.chance.random() < 0.7:
            await self.giving(code, step_up(identity, code=code.text, ports=self.ports))
        else:
            has_factor = bool(counting(self.user_id, self.store.tables))
            await step_up(identity, self.chance.choice(self.passwords[-3:]), ports=self.ports)
            if has_factor and self.is_alone:
                raise Violation("a password stepped up where there is a factor")

    async def giving(self, code: Code, act: Awaitable[Result]) -> Result:
        """Returns what somebody gets for a code, which must be a good one."""
        was_good = self._is_kept(code)
        result = await act
        if not was_good:
            raise Violation("a code worked that is void")
        if code in self.spent:
            raise Violation("a code worked twice")
        self.spent.append(code)
        return result

    def some_code(self) -> Code | None:
        """Returns one that was never used, or one that was, of now or of what an app showed before, or shows next."""
        now, skew = self.ports.clock.now(), self.chance.choice((-30, 0, 0, 0, 30))
        codes = [Code.shown_by(app, now + timedelta(seconds=skew)) for app in self.apps[-2:]]
        codes += [Code(text) for text in self.recovery_codes[-2:] + self.recovery_codes[:1]]
        return self.chance.choice([*codes, *self.spent[-1:]]) if codes else None

    def _is_kept(self, code: Code) -> bool:
        tables = self.store.tables
        if code.app is None:
            return any(each.digest == digest_of_code(code.text) for each in tables.recovery_codes.values())
        return any(shown(each.seed(self.ports.master_keys)) == code.app.secret for each in tables.totp_factors.values())

    def _is_void(self, secret: str) -> bool:
        """Returns whether the password, say, is another one since."""
        token = self.store.tables.one_time_tokens.get(digest_of(secret))
        return token is None or token.epoch < self.store.tables.users[self.user_id].secret_epoch

    # What takes a recent proof.

    async def set_up(self) -> None:
        given = await self._allowed(lambda identity: set_up_totp(identity, "Acme", ports=self.ports))
        self.apps.append(TotpApp(given.secret, self.ports.clock))

    async def confirm(self) -> None:
        if self.apps:
            app = self.chance.choice(self.apps[-2:])
            code, identity = Code.shown_by(app, self.ports.clock.now()), await self.identity()
            recovery_codes = await self.giving(code, confirm_totp(identity, code.text, ports=self.ports))
            self.added[app.secret] = self.ports.clock.now()
            self._note(recovery_codes)

    async def get_factor(self) -> None:
        await self.set_up()
        await self.confirm()

    async def remove(self) -> None:
        await self._allowed(lambda identity: remove_totp(identity, ports=self.ports))

    async def new_codes(self) -> None:
        self._note(await self._allowed(lambda identity: make_recovery_codes(identity, ports=self.ports)))

    async def move(self) -> None:
        """Somebody takes the account along to an address of theirs."""
        address = self.chance.choice((*INTRUDERS, OWNERS))
        await self._allowed(lambda identity: change_email(identity, address, ports=self.ports))
        await self.deliver()
        if links := self.mailed(Purpose.EMAIL, address):
            await confirm_email(links[-1], ports=self.ports)
            self.is_proved = True

    async def _allowed(self, act: Callable[[Identity], Awaitable[Result]]) -> Result:
        """Returns what somebody gets who proved lately, by the factor if there is one, that the account is theirs."""
        identity = await self.identity()
        if self.chance.random() < 0.5 and (code := self.some_code()):
            await self.at_once(self.giving(code, step_up(identity, code=code.text, ports=self.ports)))
        session = self.store.tables.sessions.get(identity.session.id)
        has_factor = bool(counting(self.user_id, self.store.tables))
        result = await act(identity)
        is_proven = session is not None and (session.proof.has_second_factor or not has_factor)
        if self.is_alone and not is_proven:
            raise Violation("a change was made without the factor")
        return result

    def _note(self, codes: tuple[str, ...]) -> None:
        self.recovery_codes += codes[:3]
        self.added |= dict.fromkeys(codes[:3], self.ports.clock.now())

    # The rest.

    async def use(self) -> None:
        """Uses a link to set a password."""
        if links := self.mailed(Purpose.RESET, self.address):
            self.passwords.append(f"password-{len(self.passwords)}")
            await reset_password(links[-1], self.passwords[-1], ports=self.ports)
            self.is_proved = True

    async def undo(self) -> None:
        if links := self.mailed(Purpose.UNDO):
            await undo_email_change(self.chance.choice(links), ports=self.ports)
            self.is_proved = True

    async def recover(self) -> None:
        await recover_user(Actor.operator(), self.user_id, ports=self.ports)

    async def forget(self) -> None:
        await request_password_reset(self.address, ports=self.ports)
        await self.deliver()

    async def new_password(self) -> None:
        identity, before = await self.identity(), self.passwords[-1]
        self.passwords.append(f"password-{len(self.passwords)}")
        await change_password(identity, before, self.passwords[-1], ports=self.ports)

    async def deliver(self) -> None:
        await deliver_due_mails(ports=self.ports)

    async def pass_time(self) -> None:
        self.ports.clock.advance(seconds=self.chance.choice((1, 15, 30, 60, 600, 86_400, 4 * 86_400)))

    async def clear(self) -> None:
        while await purge(ports=self.ports):
            pass

    @property
    def address(self) -> str:
        return self.store.tables.users[self.user_id].email.canonical

    def mailed(self, purpose: Purpose, address: str = OWNERS) -> list[str]:
        """Returns the secrets for this purpose that were mailed there, oldest first."""
        mails = [mail for mail in self.ports.mailer.mails if isinstance(mail, SecretMail)]
        return [m.secret for m in mails if m.to.canonical == address and m.secret.startswith(purpose.prefix)]

    async def identity(self) -> Identity:
        return await identify(self.chance.choice(self.tokens[-4:]), ports=self.ports)
