"""The pytest plugin, as somebody's project meets it: a run of its own, with nothing of this repository's set up."""

from importlib import import_module

import pytest
from _pytest.assertion.rewrite import AssertionRewritingHook

USES_ALL = """
import pytest
from leadnator_auth.domain import deliver_due_mails, reset_password, sign_up


@pytest.mark.asyncio
async def test_the_core(auth, auth_clock, auth_mailbox):
    alice = await sign_up("Alice", "alice@example.com", "secret!", ports=auth)
    auth_clock.advance(days=1)
    assert (auth.clock.now() - alice.session.created_at).days == 1
    assert auth_mailbox.mails == []


@pytest.mark.asyncio
async def test_over_http(auth, auth_client, auth_clock, auth_mailbox):
    await auth_client.sign_up()
    assert (await auth_client.me())["name"] == "Alice"
    auth_client.forget()
    assert (await auth_client.get("/api/auth/me")).status_code == 401
    await auth_client.post("/api/auth/forgot-password", json={"email": "alice@example.com"})
    await deliver_due_mails(ports=auth)
    await reset_password(auth_mailbox.reset_links[0].secret, "battery staple", ports=auth)
    await auth_client.log_in(password="battery staple")
    auth_clock.advance(days=8)
    assert (await auth_client.get("/api/auth/me")).status_code == 401
    with pytest.raises(Exception, match="401"):
        await auth_client.log_in(password="wrong")


@pytest.mark.asyncio
async def test_each_test_has_a_world_of_its_own(auth, auth_client):
    assert auth.unit_of_work.tables.users == {}
    await auth_client.sign_up("alice@example.com")
"""
USES_NOTHING = """
import sys


def test_nothing_was_loaded():
    ours = {name for name in sys.modules if name.startswith("leadnator_auth")}
    assert ours <= {"leadnator_auth", "leadnator_auth.testing", "leadnator_auth.testing.pytest_plugin"}
    assert not {"starlette", "httpx2", "attrs", "sqlalchemy", "bcrypt", "jwt"} & set(sys.modules)


def test_a_fixture_of_the_same_name_is_the_projects_own(auth):
    assert auth == "mine"
"""
OWN_FIXTURE = """
import pytest


@pytest.fixture
def auth():
    return "mine"
"""
LACKS_HTTPX = """
import sys
sys.modules["httpx2"] = None


def test_it_says_what_to_install(auth_client):
    pass
"""


def test_the_fixtures_are_there_by_themselves(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(USES_ALL)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=3)


def test_the_fixtures_are_listed_with_what_they_are(pytester: pytest.Pytester) -> None:
    listed = pytester.runpytest_subprocess("--fixtures", "-q").stdout.str()
    for name in ("auth", "auth_clock", "auth_mailbox", "auth_client"):
        assert f"\n{name} -- " in listed
    assert "A new, empty world in memory" in listed


def test_who_uses_none_of_them_loads_nothing_and_keeps_their_own(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # some load much themselves
    pytester.makepyfile(USES_NOTHING)
    pytester.makeconftest(OWN_FIXTURE)
    pytester.runpytest_subprocess("-p", "leadnator_auth.testing.pytest_plugin").assert_outcomes(passed=2)


def test_without_the_http_client_it_says_how_to_get_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(LACKS_HTTPX)
    run = pytester.runpytest_subprocess()
    run.assert_outcomes(errors=1)
    run.stdout.fnmatch_lines(["*`auth_client` needs httpx2: pip install 'leadnator-auth[[]testing[]]'"])


def test_asserts_of_the_published_suites_say_what_they_compared() -> None:
    users = import_module("leadnator_auth.testing.contract.users")
    assert isinstance(users.__loader__, AssertionRewritingHook)
