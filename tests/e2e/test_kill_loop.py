"""Power cuts at random moments under load: whatever a client was told before holds after the restart."""

import http.client
import os
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import attrs
import pytest

from tests.e2e.conftest import Serve
from tests.e2e.mails import text_of
from tests.e2e.server import Answer, Server, parsed_mail, until

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("KILL_ROUNDS", "5"))
"""How often each database is tried; 50 by hand."""
CLIENTS = 4
MAX_ANSWERS = 60
"""How many answers all clients have got when the power is cut, at most: a moment that no slow machine moves."""
MAX_LINKS = 3
"""How many links a client asks for: fewer than an account gets in an hour."""


class CutOffError(Exception):
    """The server died before it answered: what was asked for may have happened."""


@attrs.define
class Owner:
    """Somebody with an account, and what they were told about it."""

    email: str
    passwords: list[str]
    """The one that is right, or two where it is not known which."""
    old_passwords: list[str] = attrs.Factory(list)
    live: list[str] = attrs.Factory(list)
    dead: list[str] = attrs.Factory(list)
    used_secrets: set[str] = attrs.Factory(set)
    links: int = 0

    def doubt(self, tokens: list[str]) -> list[str]:
        """Returns the tokens among these that were good; nobody knows whether they still are."""
        doubtful = [token for token in self.live if token in tokens]
        self.live = [token for token in self.live if token not in tokens]
        return doubtful


class Client:
    """Uses accounts that nobody else uses, until the server is gone."""

    def __init__(self, server: Server, name: str, seed: int) -> None:
        self._server = server
        self._name = name
        self._chance = random.Random(seed)
        self._count = 0
        self.answers = 0
        self.owners: list[Owner] = []
        self.touched: list[Owner] = []

    def work(self, go_on: Event) -> None:
        """Goes on until the server died, and counts the answers."""
        self.touched = []
        acts = (self._sign_up, self._log_in, self._log_in, self._log_out, self._forget, self._reset, self._change)
        try:
            while go_on.is_set():
                self._chance.choice(acts)()
                self.answers += 1
        except CutOffError:
            pass

    def _owner(self) -> Owner:
        if not self.owners:
            self._sign_up()
        owner = self._chance.choice(self.owners[-6:])
        self.touched.append(owner)
        return owner

    def _new_password(self) -> str:
        self._count += 1
        return f"{self._name}-password-{self._count}"

    def _sign_up(self) -> None:
        password = self._new_password()
        email = f"{self._name}-{self._count}@example.com"
        answer = self._asked(lambda: self._server.sign_up(email, password), 200)
        owner = Owner(email, [password], live=[answer.json["token"]])
        self.owners.append(owner)
        self.touched.append(owner)

    def _log_in(self) -> None:
        owner = self._owner()
        answer = self._asked(lambda: self._server.log_in(owner.email, owner.passwords[0]), 200)
        owner.live.append(answer.json["token"])

    def _log_out(self) -> None:
        owner = self._owner()
        if owner.live:
            (token,) = owner.doubt([self._chance.choice(owner.live)])
            self._asked(lambda: self._server.post_as(token, "/api/auth/logout"), 200)
            owner.dead.append(token)

    def _change(self) -> None:
        owner = self._owner()
        if owner.live:
            token, old, new = owner.live[-1], owner.passwords[0], self._new_password()
            others = owner.doubt(owner.live[:-1])
            owner.passwords = [old, new]
            self._asked(
                lambda: self._server.post_as(token, "/api/auth/change-password", current_password=old, password=new),
                200,
            )
            owner.passwords, owner.old_passwords = [new], [*owner.old_passwords, old]
            owner.dead += others

    def _forget(self) -> None:
        owner = self._owner()
        if owner.links < MAX_LINKS:
            self._asked(lambda: self._server.forgot(owner.email), 200)
            owner.links += 1

    def _reset(self) -> None:
        owner = self._owner()
        secrets = [
            secret for secret in secrets_of(self._server).get(owner.email, []) if secret not in owner.used_secrets
        ]
        if secrets:
            old, new = owner.passwords[0], self._new_password()
            before = owner.doubt(owner.live)
            owner.passwords = [old, new]
            answer = self._asked(
                lambda: self._server.post("/api/auth/reset-password", token=secrets[-1], password=new), 200, 400
            )
            if answer.status == 400:  # an older link, which a change of the password ended
                owner.passwords, owner.live = [old], before
                return
            owner.passwords, owner.old_passwords = [new], [*owner.old_passwords, old]
            owner.dead += before
            owner.used_secrets.update(secrets)

    def _asked(self, ask: Callable[[], Answer], *expected: int) -> Answer:
        try:
            answer = ask()
        except (OSError, http.client.HTTPException):
            raise CutOffError from None
        assert answer.status in expected, (answer.status, answer.content)
        return answer


def secrets_of(server: Server) -> dict[str, list[str]]:
    """Returns the reset secrets that were mailed to each address, oldest first."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in sorted((server.home / "mail").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns):
        mail = parsed_mail(file.read_bytes())
        if "token=" in text_of(mail):
            found[str(mail["To"])].append(text_of(mail).partition("token=")[2].split()[0])
    return found


def links_of(server: Server) -> Counter[str]:
    """Returns to how many requests for a link each address has an answer; one that came twice counts once."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in (server.home / "mail").glob("*.eml"):
        mail = parsed_mail(file.read_bytes())
        if "token=" in text_of(mail):
            found[str(mail["To"])].add(str(mail["Message-ID"]))
    return Counter({email: len(ids) for email, ids in found.items()})


def check(owner: Owner, server: Server) -> None:
    """Holds the server to all that an owner was told, and finds out what they could not know."""
    statuses = {password: server.log_in(owner.email, password).status for password in owner.passwords}
    assert list(statuses.values()).count(200) == 1, (owner, statuses)
    (right,) = [password for password, status in statuses.items() if status == 200]
    owner.old_passwords += [password for password in owner.passwords if password != right]
    owner.passwords = [right]
    for password in owner.old_passwords[-2:]:
        assert server.log_in(owner.email, password).status == 401, (owner, password)
    assert [server.get("/api/auth/me", token).status for token in owner.live] == [200] * len(owner.live), owner
    assert [server.get("/api/auth/me", token).status for token in owner.dead] == [401] * len(owner.dead), owner
    for secret in sorted(owner.used_secrets)[-2:]:
        answer = server.post("/api/auth/reset-password", token=secret, password="never-to-be-set")
        assert answer.status == 400, owner


def answers_to(clients: list[Client]) -> int:
    return sum(client.answers for client in clients)


def cut_power_under_load(server: Server, clients: list[Client], more: int) -> None:
    """Cuts the power once the clients have got this many more answers, while they ask for others."""
    go_on = Event()
    go_on.set()
    enough = answers_to(clients) + more
    with ThreadPoolExecutor(CLIENTS) as threads:
        working = [threads.submit(client.work, go_on) for client in clients]
        try:
            until(lambda: answers_to(clients) >= enough or any(work.done() for work in working), f"{more} answers")
        finally:
            server.kill()
            go_on.clear()
    for work in working:
        work.result()


def test_whatever_was_acknowledged_outlives_a_power_cut(serve: Serve) -> None:
    seed = int(os.environ.get("KILL_SEED", random.randrange(10**6)))
    print(f"KILL_SEED={seed}")  # noqa: T201 (shown where the test fails)
    chance = random.Random(seed)
    server = serve()
    clients = [Client(server, f"client-{number}", seed + number) for number in range(CLIENTS)]
    for _ in range(ROUNDS):
        cut_power_under_load(server, clients, chance.randint(1, MAX_ANSWERS))
        server.start()
        for client in clients:
            old = chance.sample(client.owners, min(3, len(client.owners)))
            for owner in {owner.email: owner for owner in [*client.touched, *old]}.values():
                check(owner, server)

    owed = Counter({owner.email: owner.links for client in clients for owner in client.owners if owner.links})
    until(lambda: owed <= links_of(server), f"the mails {owed - links_of(server)}; the log says:\n{server.log}")
