"""The command and the server inside the databases of other applications."""

import json
from pathlib import Path

import pytest

from tests.adapters.sql.host_databases import WELCOMING, move_in, state_of, tables_of
from tests.databases import JWT_SECRET, PostgresqlServer
from tests.e2e.conftest import Serve
from tests.e2e.server import QUICK, run

pytestmark = pytest.mark.slow
SCHEMA = "Our accounts"
PASSWORD = "correct horse battery"
HASH = "$2b$04$abcdefghijklmnopqrstuuIxXn4bmxGsyDEcIy95yjyIIhbXYtlZi"


class Here:
    """A command in a host's database."""

    def __init__(self, home: Path, settings: dict[str, str]) -> None:
        self.home = home
        self.settings = QUICK | settings

    def __call__(self, *arguments: str) -> str:
        """Returns what a command printed, which must have gone well."""
        done = run(*arguments, home=self.home, settings=self.settings)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder that commands are run in."""
    return tmp_path


@pytest.fixture
def settings(database_kind: str, home: Path, postgresql_server: PostgresqlServer) -> dict[str, str]:
    """A database of each kind; with a schema of our own where there is such a thing."""
    if database_kind == "sqlite":
        return {"LEADNATOR_DATABASE_URL": f"sqlite:///{home}/the%20host's%20%23%201;.db"}
    url = postgresql_server.new_database(migrated=False)
    return {
        "LEADNATOR_DATABASE_URL": url,
        "LEADNATOR_DATABASE_SCHEMA": SCHEMA,
        "LEADNATOR_JWT_SECRET": JWT_SECRET,
    }


@pytest.mark.parametrize("host", WELCOMING)
def test_every_command_works_beside_a_host_and_leaves_it_alone(
    home: Path, settings: dict[str, str], host: str, serve: Serve
) -> None:
    url = settings["LEADNATOR_DATABASE_URL"]
    move_in(host, url)
    for file in home.glob("*.db"):
        file.chmod(0o600)  # what has password hashes in it; doctor insists
    before, theirs = state_of(host, url), tables_of(url)
    here = Here(home, settings)

    assert "migrated" in here("migrate")
    assert "nothing to do" in here("migrate")
    (home / "people.csv").write_text(f"name,email,password_hash\nGrace,grace@example.com,{HASH}\n")
    here("users", "import", "people.csv")
    server = serve(**{name.removeprefix("LEADNATOR_"): value for name, value in settings.items()})
    token = server.sign_up("ada@example.com").json["token"]
    assert server.get("/api/auth/me", token).json["user"]["email"] == "ada@example.com"
    assert server.get("/readyz").status == 200
    assert server.post("/api/auth/forgot-password", email="ada@example.com").status == 200
    here("users", "set", "ada@example.com", "--plan", "Growth")
    here("users", "suspend", "grace@example.com")
    here("users", "activate", "grace@example.com")
    assert "Growth" in here("users", "show", "ada@example.com")
    here("users", "events")
    here("mail", "retry", "--all")
    assert json.loads(here("mail", "list", "--json"))["mails"]
    here("users", "delete", "grace@example.com", "--yes")
    emails = [user["email"] for user in json.loads(here("users", "list", "--json"))["users"]]
    assert emails == ["ada@example.com"]
    report = json.loads(here("doctor", "--json"))["findings"]
    assert ("ok", "schema") in {(each["level"], each["check"]) for each in report}
    if "LEADNATOR_DATABASE_SCHEMA" in settings:
        assert SCHEMA in here("config")
        assert tables_of(url) == theirs
    assert state_of(host, url) == before


@pytest.mark.parametrize("command", [("migrate",), ("serve", "--port", "1"), ("users", "list"), ("mail", "list")])
def test_a_host_with_a_table_that_we_need_is_left_alone_in_one_line(
    home: Path, settings: dict[str, str], command: tuple[str, ...]
) -> None:
    url = settings["LEADNATOR_DATABASE_URL"]
    settings.pop("LEADNATOR_DATABASE_SCHEMA", None)
    move_in("users", url)
    before = state_of("users", url)
    done = run(*command, home=home, settings=QUICK | settings)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "users" in done.stderr
    cure = "LEADNATOR_DATABASE_URL" if url.startswith("sqlite") else "LEADNATOR_DATABASE_SCHEMA"
    assert cure in done.stderr
    assert state_of("users", url) == before


def test_a_schema_on_sqlite_is_refused_by_its_name(tmp_path: Path) -> None:
    for command in (("migrate",), ("config",), ("doctor",)):
        done = run(*command, home=tmp_path, settings={"LEADNATOR_DATABASE_SCHEMA": "auth"})
        assert done.returncode == 1
        assert "LEADNATOR_DATABASE_SCHEMA: got 'auth'" in done.stderr + done.stdout
    assert list(tmp_path.iterdir()) == []
