"""What a copy of the database tells of second factors without the master key: nothing that lets anybody in."""

import base64
from collections.abc import Callable, Iterator

import attrs
import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.adapters.sql.schema import TABLES
from leadnator_auth.domain import Limits, Policy, deliver_due_mails
from leadnator_auth.domain.entities.recovery_code import digest_of_code
from leadnator_auth.entrypoints.http import create_app
from leadnator_auth.testing.totp_app import TotpApp
from tests.conftest import connected, sql_ports
from tests.databases import backend_of, dump_of, sqlite_path
from tests.http.admins import signed_up

EVERYTHING = dict.fromkeys(TABLES, ("*",))
CREDENTIALS = {"email": "alice@example.com", "password": "secret"}


@attrs.define
class Seen:
    """What somebody was shown or typed in that must be kept nowhere."""

    seeds: list[str] = attrs.Factory(list)
    codes: list[str] = attrs.Factory(list)
    recovery_codes: list[str] = attrs.Factory(list)
    challenges: list[str] = attrs.Factory(list)

    def spellings(self) -> Iterator[str]:
        """Returns all of it, in any form in which it might have got into a row."""
        for seed in self.seeds:
            raw = base64.b32decode(seed)
            yield from (seed, raw.hex(), str(raw)[2:-1], base64.b64encode(raw).decode().rstrip("="))
            yield base64.urlsafe_b64encode(raw).decode().rstrip("=")
        for code in self.recovery_codes:
            bare = code.replace("-", "")
            yield from (code, bare, bare.replace("", " ").strip(), base64.b32decode(bare).hex())
            yield from (base64.b64encode(base64.b32decode(bare)).decode(), str(base64.b32decode(bare))[2:-1])
        yield from self.challenges


async def _lived(http: httpx2.AsyncClient, memory: MemoryPorts) -> Seen:
    """Sets an app up, logs in with it and with a recovery code, replaces both, and leaves one unconfirmed."""
    seen, alice = Seen(), await signed_up(http, "alice")

    async def set_up() -> TotpApp:
        seen.seeds.append((await alice.send("POST", "/api/auth/totp")).json()["secret"])
        return TotpApp(seen.seeds[-1], memory.clock)

    async def confirm(app: TotpApp) -> list[str]:
        seen.codes.append(app.code)
        answer = await alice.send("POST", "/api/auth/totp/confirm", json={"code": app.code})
        return [str(code) for code in answer.json()["recovery_codes"]]

    async def log_in(code: str) -> None:
        answer = await http.post("/api/auth/login", json=CREDENTIALS)
        seen.challenges.append(answer.json()["challenge"])
        body = {"challenge": seen.challenges[-1], "code": code}
        assert (await http.post("/api/auth/login/second-factor", json=body)).status_code == 200

    for _ in range(2):
        app = await set_up()
        seen.recovery_codes += await confirm(app)
        memory.clock.advance(minutes=1)
        seen.codes.append(app.code)
        await log_in(app.code)
        await log_in(seen.recovery_codes[-1])
    answer = await alice.send("POST", "/api/auth/recovery-codes")
    seen.recovery_codes += answer.json()["recovery_codes"]
    await set_up()
    return seen


async def test_a_dump_has_no_seed_and_no_code(
    memory: MemoryPorts, database_kind: str, empty_database: Callable[[str], str]
) -> None:
    url = empty_database(database_kind)
    async with connected(backend_of(url)) as connections:
        ports = attrs.evolve(sql_ports(memory, connections), policy=Policy(limits=Limits.none()))
        transport = httpx2.ASGITransport(create_app(ports))
        async with httpx2.AsyncClient(transport=transport, base_url="http://auth.test") as http:
            seen = await _lived(http, memory)
        early = dump_of(url, EVERYTHING)
        await deliver_due_mails(ports=ports)
    dump = early + dump_of(url, EVERYTHING)
    assert (len(seen.seeds), len(seen.recovery_codes), len(seen.challenges)) == (3, 30, 4)
    assert len(set(seen.codes)) == 4
    assert digest_of_code(seen.recovery_codes[-1]) in dump, "the dump has what is kept"
    told = dump.lower()
    assert [each for each in seen.spellings() if each.lower() in told] == []
    assert [code for code in seen.codes if f"'{code}'" in dump or f" {code}" in dump] == []
    mails = "".join(map(str, memory.mailer.mails))
    assert [each for each in seen.spellings() if each in mails] == []


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_nor_has_the_file(memory: MemoryPorts, empty_database: Callable[[str], str], database_kind: str) -> None:
    url = empty_database(database_kind)
    async with connected(backend_of(url)) as connections:
        ports = attrs.evolve(sql_ports(memory, connections), policy=Policy(limits=Limits.none()))
        transport = httpx2.ASGITransport(create_app(ports))
        async with httpx2.AsyncClient(transport=transport, base_url="http://auth.test") as http:
            seen = await _lived(http, memory)
        path = sqlite_path(url)
        content = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    assert b"totp_factors" in content
    for seed in seen.seeds:
        raw = base64.b32decode(seed)
        assert not [each for each in (raw, seed.encode(), raw.hex().encode()) if each in content]
    assert not [each for each in seen.spellings() if each.encode() in content]
