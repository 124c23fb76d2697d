"""Apps that nobody here wrote read the QR code, and show codes that log in: zbar, oathtool and pyotp."""

import shutil
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import attrs
import httpx2
import pyotp
import pytest

from leadnator_auth.adapters.email_syntax import ValidatedEmailSyntax
from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import EmailVerification, Policy
from leadnator_auth.entrypoints.http import create_app
from leadnator_auth.entrypoints.http.pages.site import Site
from tests.extra.clients.conftest import Call
from tests.http.admins import Caller

NEEDED = {"oathtool": "oathtool", "zbarimg": "zbar-tools", "rsvg-convert": "librsvg2-bin"}
"""The programs, and the packages of Debian that they are in."""
ADDRESSES = ("alice@example.com", "zoe+work@müller.example", "o'brien&co=x%20y@example.com", f"{'a' * 64}@example.com")
NAMES = ("leadnator-auth", "Ängström & Söhne: 100 %", "統合認証")
PASSWORD = "minimum-6-chars"


@pytest.fixture(autouse=True)
def _programs() -> None:
    missing = [package for program, package in NEEDED.items() if not shutil.which(program)]
    assert not missing, f"these tests need {', '.join(missing)}: apt-get install {' '.join(missing)}"


@pytest.fixture
def world(memory: MemoryPorts) -> MemoryPorts:
    """A world with the e-mail syntax of production."""
    policy = Policy(email_verification=EmailVerification.OFF)
    return attrs.evolve(memory, emails=ValidatedEmailSyntax(), policy=policy)


def app_of(world: MemoryPorts, name: str) -> httpx2.AsyncClient:
    """Returns a client of an application that has this name."""
    app = create_app(world)
    app.state.site = Site(app_name=name)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://auth.test")


@pytest.fixture
async def http(world: MemoryPorts) -> AsyncIterator[httpx2.AsyncClient]:
    async with app_of(world, NAMES[0]) as client:
        yield client


async def given(http: httpx2.AsyncClient, email: str) -> tuple[Caller, dict[str, str]]:
    """Returns a new user, and what they were given for their app."""
    answer = await http.post("/api/auth/signup", json={"name": "A", "email": email, "password": PASSWORD})
    caller = Caller(http, answer.json()["user"]["id"], answer.json()["token"])
    return caller, (await caller.send("POST", "/api/auth/totp")).json()


async def logged_in(caller: Caller, email: str, code: str) -> httpx2.Response:
    """Returns the answer to whoever gives a code after the password."""
    answer = await caller.http.post("/api/auth/login", json={"email": email, "password": PASSWORD})
    body = {"challenge": answer.json()["challenge"], "code": code}
    return await caller.http.post("/api/auth/login/second-factor", json=body)


def scanned(svg: str, folder: Path, call: Call) -> str:
    """Returns what a scanner reads off an image."""
    (folder / "code.svg").write_text(svg, "utf-8")
    call("rsvg-convert", "--output", "code.png", "code.svg")
    return call("zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", "code.png").removesuffix("\n")


def by_oathtool(secret: str, now: datetime, call: Call) -> str:
    """Returns the code that is shown then."""
    return call("oathtool", "--totp", "--base32", f"--now={now:%Y-%m-%d %H:%M:%S} UTC", secret).strip()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("email", ADDRESSES)
async def test_a_scanner_reads_the_uri_and_an_app_all_that_is_in_it(
    world: MemoryPorts, folder: Path, call: Call, email: str, name: str
) -> None:
    async with app_of(world, name) as http:
        _, shown = await given(http, email)
    uri = scanned(shown["qr_svg"], folder, call)
    assert uri == shown["uri"]
    told = parse_qs(urlsplit(uri).query, strict_parsing=True)
    name = name.replace(":", "")
    expected = {"secret": shown["secret"], "issuer": name, "algorithm": "SHA1", "digits": "6", "period": "30"}
    assert told == {key: [value] for key, value in expected.items()}
    assert unquote(urlsplit(uri).path) == f"/{name}:{email}"
    app = pyotp.parse_uri(uri)
    assert isinstance(app, pyotp.TOTP)
    assert (app.secret, app.digits, app.interval) == (shown["secret"], 6, 30)


async def test_codes_of_apps_that_nobody_here_wrote_confirm_and_log_in(
    http: httpx2.AsyncClient, world: MemoryPorts, folder: Path, call: Call
) -> None:
    email = ADDRESSES[0]
    caller, shown = await given(http, email)
    app = pyotp.parse_uri(scanned(shown["qr_svg"], folder, call))
    assert isinstance(app, pyotp.TOTP)
    now = world.clock.now()
    confirmed = {"code": by_oathtool(shown["secret"], now, call)}
    assert (await caller.send("POST", "/api/auth/totp/confirm", json=confirmed)).status_code == 200
    for days in range(3):
        now = world.clock.now() + timedelta(days=days, minutes=1)
        world.clock.instant = now
        code = by_oathtool(shown["secret"], now, call)
        assert code == app.at(now)
        assert (await logged_in(caller, email, code)).status_code == 200
        assert (await logged_in(caller, email, code)).status_code == 401
        world.clock.advance(seconds=30)
        assert (await logged_in(caller, email, app.at(world.clock.now()))).status_code == 200
