"""`users create|list|show|set|suspend|activate|delete|events`: the operator looks after accounts, beside a server."""

import asyncio
import json
import os
import pty
import select
import signal
import subprocess
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import attrs
import pytest

from leadnator_auth.domain import Actor, Ports, UserId, change_user, create_user
from leadnator_auth.entrypoints.compose.ports import open_ports, prepare
from leadnator_auth.entrypoints.settings import Settings
from tests.databases import run_sql
from tests.e2e.conftest import Serve
from tests.e2e.server import COMMAND, DEADLINE_SECONDS, PASSWORD, QUICK, Server, clean_environment, run

pytestmark = pytest.mark.slow  # dozens of commands, each a process of its own

Done = subprocess.CompletedProcess[str]
Act = Callable[[Ports], Awaitable[Any]]


def creating(email: str = "alice@example.com", *, name: str = "Alice", is_admin: bool = False) -> Act:
    """Returns the act of `users create`."""
    return lambda ports: create_user(Actor.operator(), name, email, PASSWORD, is_admin=is_admin, ports=ports)


def giving_plan(user: str, plan: str) -> Act:
    """Returns the act of `users set --plan`."""
    return lambda ports: change_user(Actor.operator(), UserId(user), {"plan": plan}, ports=ports)


@attrs.frozen
class Desk:
    """Where the operator works: a folder with settings."""

    home: Path
    settings: dict[str, str]

    def users(self, *arguments: str, typed: str | None = None) -> Done:
        """Runs `leadnator-auth users …` to its end, with this on standard input."""
        if typed is None:
            return run("users", *arguments, home=self.home, settings=self.settings)
        return subprocess.run(
            [COMMAND, "users", *arguments],
            cwd=self.home,
            env=clean_environment(self.settings),
            input=typed,
            capture_output=True,
            encoding="utf-8",
            timeout=DEADLINE_SECONDS,
            check=False,
        )

    def json(self, *arguments: str) -> Any:
        """Returns what a command prints for scripts."""
        done = self.users(*arguments, "--json")
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    def create(self, email: str = "alice@example.com", *options: str, name: str = "Alice") -> Any:
        """Returns a new user."""
        arguments = ("create", "--email", email, "--name", name, "--password-stdin", "--json", *options)
        done = self.users(*arguments, typed=PASSWORD)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)["user"]

    @property
    def database_url(self) -> str:
        """Where everything is kept."""
        return self.settings.get("LEADNATOR_DATABASE_URL", f"sqlite:///{self.home}/leadnator.db")

    def already(self, *acts: Act) -> list[Any]:
        """Does what earlier commands would have done, without a process for each; returns what came of it."""
        return asyncio.run(self._already(acts))

    async def _already(self, acts: Iterable[Act]) -> list[Any]:
        settings = Settings.read({**self.settings, "LEADNATOR_DATABASE_URL": self.database_url})
        prepare(settings)
        async with open_ports(settings) as ports:
            return [await act(ports) for act in acts]

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Returns rows of the database."""
        return run_sql(self.database_url, statement)

    def on_a_terminal(self, *arguments: str) -> "Terminal":
        """Runs `leadnator-auth users …` on a terminal of its own."""
        mine, theirs = pty.openpty()
        process = subprocess.Popen(
            [COMMAND, "users", *arguments],
            cwd=self.home,
            env=clean_environment(self.settings),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        return Terminal(mine, process)


@attrs.define
class Terminal:
    """A terminal, and what runs on it."""

    mine: int
    process: subprocess.Popen[bytes]
    shown: str = ""

    def answer(self, question: str, answer: str) -> None:
        """Types a line once it is asked for."""
        self.wait_for(question)
        os.write(self.mine, answer.encode() + b"\n")
        self.shown += "|"

    def wait_for(self, question: str) -> None:
        """Returns once it asks this, and nothing after it is shown yet."""
        while not self.shown.rstrip().endswith(question):
            self.shown += self._read().decode()

    def end(self) -> int:
        """Returns the exit code, once everything is shown."""
        try:
            while chunk := self._read():
                self.shown += chunk.decode()
        except OSError:  # how a terminal says on Linux that nobody is there any more
            pass
        os.close(self.mine)
        return self.process.wait(DEADLINE_SECONDS)

    def _read(self) -> bytes:
        readable, _, _ = select.select([self.mine], [], [], DEADLINE_SECONDS)
        if not readable:
            self.process.kill()
            pytest.fail(f"nothing more is shown: {self.shown!r}")
        return os.read(self.mine, 1024)


@pytest.fixture
def desk(tmp_path: Path, database_settings: Callable[[], dict[str, str]]) -> Desk:
    """A desk with a new database of each kind in turn."""
    return Desk(tmp_path, QUICK | database_settings())


@pytest.fixture
def sqlite_desk(tmp_path: Path) -> Desk:
    """A desk with a new file, for what does not depend on the database."""
    return Desk(tmp_path, QUICK)


def desk_of(server: Server) -> Desk:
    return Desk(server.home, server.settings)


def in_all_processes(server: Server, token: str) -> set[int]:
    """Returns how a token is answered, by so many connections that no process is left out."""
    return {server.get("/api/auth/me", token).status for _ in range(12)}


def the_one_line(done: Done) -> str:
    """Returns the complaint of a command that failed."""
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr.removeprefix("Error: ").rstrip("\n")


def test_from_nothing_to_a_suspended_user_and_back(serve: Serve) -> None:
    """The story of a newcomer, whose first admin goes on over HTTP; what one process changes counts in all of them."""
    server = serve("--workers", "2")
    desk = desk_of(server)
    root = desk.create("root@example.com", "--admin", name="Root")
    assert (root["role"], root["plan"], root["status"]) == ("admin", "Starter", "active")
    admin = server.log_in("root@example.com").json["token"]
    alice = server.sign_up().json
    listed = server.get("/api/admin/users?query=alice", admin).json["users"]
    assert [user["id"] for user in listed] == [alice["user"]["id"]]
    assert in_all_processes(server, alice["token"]) == {200}

    assert desk.users("suspend", "ALICE@example.com").stdout == (
        f"{alice['user']['id']} alice@example.com: status: active -> suspended\n"
    )
    assert in_all_processes(server, alice["token"]) == {401}
    assert server.log_in().json["code"] == "account_suspended"
    assert desk.users("activate", alice["user"]["id"]).returncode == 0
    assert in_all_processes(server, alice["token"]) == {401}
    token = server.log_in().json["token"]

    options = ("--role", "admin", "--plan", "Growth", "--name", "Alicia", "--app-metadata", '{"note": "ü \\u009b31m"}')
    changed = desk.json("set", "alice@example.com", *options)
    assert changed["changes"]["plan"] == {"old": "Starter", "new": "Growth"}
    assert changed["user"]["app_metadata"] == {"note": "ü \u009b31m"}
    assert 'app_metadata:   {"note":"ü \\u009b31m"}\n' in desk.users("show", "alice@example.com").stdout
    mine = server.get("/api/auth/me", token).json["user"]
    assert (mine["role"], mine["plan"], mine["name"]) == ("admin", "Growth", "Alicia")

    assert desk.users("delete", "root@example.com", "--yes").stdout == f"{root['id']} root@example.com: deleted\n"
    assert in_all_processes(server, admin) == {401}
    told = server.get("/api/admin/events", token).json["events"]
    by_operator = [event["type"] for event in told if event["actor"] == "operator" and event["type"][:5] == "user."]
    assert by_operator == ["user.deleted", "user.updated", "user.activated", "user.suspended", "user.created"]
    assert told == desk.json("events")["events"]


def test_who_is_created_can_log_in_and_nothing_of_the_password_is_printed(serve: Serve) -> None:
    server = serve()
    done = desk_of(server).users(
        *("create", "--email", "Bob@Example.com", "--name", "Bob", "--plan", "Growth", "--password-stdin"),
        typed="pass phrase \r\n",
    )
    assert done.returncode == 0
    assert done.stdout.endswith(" Bob@Example.com: created, user\n")
    assert "pass phrase" not in done.stdout + done.stderr + server.log
    assert server.log_in("bob@example.com", "pass phrase ").status == 200
    assert server.log_in("bob@example.com", "pass phrase").status == 401


def test_a_password_is_asked_for_twice_and_never_shown(sqlite_desk: Desk) -> None:
    terminal = sqlite_desk.on_a_terminal("create", "--email", "al@example.com", "--name", "Al", "--admin")
    terminal.answer("Password:", "geheimnis")
    terminal.answer("Repeat for confirmation:", "geheimniss")
    terminal.answer("Password:", "geheimnis")
    terminal.answer("Repeat for confirmation:", "geheimnis")
    assert terminal.end() == 0
    assert "geheimnis" not in terminal.shown
    assert "al@example.com: created, admin" in terminal.shown


def test_without_a_terminal_nobody_is_asked(sqlite_desk: Desk) -> None:
    done = sqlite_desk.users("create", "--email", "al@example.com", "--name", "Al", typed="secret-password\n")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--password-stdin" in done.stderr
    assert list(sqlite_desk.home.iterdir()) == []
    sqlite_desk.already(creating())
    done = sqlite_desk.users("delete", "alice@example.com", typed="y\n")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--yes" in done.stderr
    assert sqlite_desk.sql("SELECT count(*) FROM users") == [(1,)]


def test_on_a_terminal_a_deletion_is_asked_about(sqlite_desk: Desk) -> None:
    sqlite_desk.already(creating())
    for answer, code, left in (("n", 1, 1), ("y", 0, 0)):
        terminal = sqlite_desk.on_a_terminal("delete", "alice@example.com")
        terminal.answer("belongs to them? [y/N]:", answer)
        assert terminal.end() == code
        assert sqlite_desk.sql("SELECT count(*) FROM users") == [(left,)]


def test_ctrl_c_at_the_question_leaves_everything_as_it_was(sqlite_desk: Desk) -> None:
    terminal = sqlite_desk.on_a_terminal("create", "--email", "al@example.com", "--name", "Al")
    terminal.answer("Password:", "geheimnis")
    terminal.wait_for("Repeat for confirmation:")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 1
    assert terminal.shown.rstrip().endswith("Aborted!")
    assert "Traceback" not in terminal.shown
    assert list(sqlite_desk.home.iterdir()) == []


def test_ctrl_c_while_the_password_comes_in_leaves_everything_as_it_was(sqlite_desk: Desk) -> None:
    process = subprocess.Popen(
        [COMMAND, "users", "create", "--email", "al@example.com", "--name", "Al", "--password-stdin"],
        cwd=sqlite_desk.home,
        env=clean_environment(sqlite_desk.settings),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    unread = bytes(1 << 20)
    process.stdin.write(unread)  # more than a pipe holds: that it was written means that it is being read
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=DEADLINE_SECONDS)
    assert (process.returncode, stdout, stderr.strip()) == (1, b"", b"Aborted!")
    assert list(sqlite_desk.home.iterdir()) == []


def test_users_are_listed_for_people_and_for_scripts(desk: Desk) -> None:
    names = ["1e5", "Zoë ☕", "Alice"]
    desk.already(*(creating(f"user{number}@example.com", name=name) for number, name in enumerate(names)))
    assert [user["name"] for user in desk.json("list")["users"]] == names[::-1]
    assert [user["name"] for user in desk.json("list", "--limit", "2")["users"]] == names[:0:-1]
    assert [user["name"] for user in desk.json("list", "--query", "zoË")["users"]] == ["Zoë ☕"]
    table = desk.users("list").stdout.splitlines()
    assert table[0].split() == ["id", "name", "email", "email_verified", "role", "plan", "status", "created_at"]
    assert [line[26:33].strip() for line in table[2:]] == names[::-1]
    assert desk.users("list", "--query", "%").stdout == "none\n"
    assert desk.json("list", "--query", "%") == {"users": []}


def test_a_list_of_more_than_a_page_is_whole(desk: Desk) -> None:
    desk.already(creating())
    rows = ", ".join(
        f"('u_{n}', 'User', 'user{n}@example.com', 'user{n}@example.com', 'user', 'Starter', 'active', {n // 9})"
        for n in range(250)
    )
    columns = "id, name, email, email_canonical, role, plan, status, created_at"
    desk.sql(f"INSERT INTO users ({columns}) VALUES {rows}")
    assert len({user["id"] for user in desk.json("list")["users"]}) == 251
    assert len(desk.json("list", "--limit", "201")["users"]) == 201
    assert len(desk.users("list", "--query", "USER").stdout.splitlines()) == 2 + 250


def test_a_user_is_shown_with_the_last_changes(desk: Desk) -> None:
    alice = desk.create()
    desk.already(*(giving_plan(alice["id"], f"Plan {number}") for number in range(12)))
    shown = desk.json("show", "alice@example.com")
    assert shown["user"] == alice | {"plan": "Plan 11"}
    plans = [event["data"]["plan"] for event in shown["events"]]
    assert plans == [f"Plan {number}" for number in range(11, 1, -1)]
    for_people = desk.users("show", alice["id"]).stdout
    assert f"email:          {alice['email']}\n" in for_people
    assert "plan: Plan 11, old_plan: Plan 10" in for_people


def test_events_are_there_for_one_who_is_gone(desk: Desk) -> None:
    alice, bob = desk.already(creating(), creating("bob@example.com"))
    desk.json("suspend", "bob@example.com")
    assert desk.json("delete", "alice@example.com", "--yes")["user"]["id"] == alice.id
    assert [event["type"] for event in desk.json("events", alice.id)["events"]] == ["user.deleted", "user.created"]
    assert {event["user_id"] for event in desk.json("events", "bob@example.com")["events"]} == {bob.id}
    assert len(desk.json("events", "--limit", "3")["events"]) == 3
    made = desk.json("events", "--type", "user.created")["events"]
    assert [(event["type"], event["user_id"]) for event in made] == [
        ("user.created", bob.id),
        ("user.created", alice.id),
    ]
    assert [event["type"] for event in desk.json("events", alice.id, "--type", "user.deleted")["events"]] == [
        "user.deleted"
    ]
    assert desk.json("events", alice.id, "--type", "password.reset") == {"events": []}, "it was there once"
    assert "user.suspended" in desk.users("events").stdout
    for who in ("alice@example.com", "u_never"):
        assert the_one_line(desk.users("events", who)) == f"there is no user '{who}'"


def test_a_sign_up_is_an_event_of_its_own_account(serve: Serve) -> None:
    server = serve()
    server.sign_up()
    events = desk_of(server).json("events", "alice@example.com")["events"]
    assert [event["type"] for event in events] == ["session.started", "user.created"]


def test_doing_it_again_changes_nothing_and_is_no_failure(sqlite_desk: Desk) -> None:
    sqlite_desk.already(creating())
    assert sqlite_desk.json("activate", "alice@example.com")["changes"] == {}
    assert sqlite_desk.users("set", "alice@example.com", "--name", "Alice").stdout.endswith(": nothing to change\n")
    assert len(sqlite_desk.json("events")["events"]) == 1


def test_the_last_admin_stays(desk: Desk) -> None:
    desk.already(creating("root@example.com", is_admin=True))
    for arguments in (
        ("set", "root@example.com", "--role", "user"),
        ("suspend", "root@example.com"),
        ("delete", "root@example.com", "--yes"),
    ):
        assert the_one_line(desk.users(*arguments)).startswith("this is the last active admin")
    desk.already(creating("other@example.com", is_admin=True))
    assert desk.users("suspend", "root@example.com").returncode == 0
    assert the_one_line(desk.users("suspend", "other@example.com")).startswith("this is the last active admin")


@pytest.mark.parametrize(
    ("arguments", "who"),
    [
        *((("show",), who) for who in ["nobody@example.com", "u_nobody", "", "no@address", "'--", "\udcff", "☕"]),
        *((("set", "--plan", "x"), who) for who in ["u_nobody", "\udcff"]),
        (("suspend",), "nobody@example.com"),
        (("activate",), "nobody@example.com"),
        (("delete", "--yes"), "\udcff"),
        *((("events",), who) for who in ["nobody@example.com", "\udcff"]),
    ],
)
def test_who_is_not_there_is_told_in_one_line(sqlite_desk: Desk, arguments: tuple[str, ...], who: str) -> None:
    line = the_one_line(sqlite_desk.users(*arguments, "--", who))
    assert line == f"there is no user {who!r}"


@pytest.mark.parametrize(
    ("options", "password", "told"),
    [
        (("--email", "nonsense", "--name", " "), "short", ("email: ", "name: ", "password: ")),
        (("--email", "al@example.com", "--name", "A\x07"), PASSWORD, ("name: ",)),
        (("--email", "al@example.com", "--name", "Al", "--plan", "x" * 51), PASSWORD, ("plan: ",)),
        (("--email", "al@example.com", "--name", "Al"), "", ("password: This field is required.",)),
        (("--email", "ALICE@example.com", "--name", "Al"), PASSWORD, ("another account has this e-mail address",)),
    ],
)
def test_what_cannot_be_created_is_told_in_one_line(
    sqlite_desk: Desk, options: tuple[str, ...], password: str, told: tuple[str, ...]
) -> None:
    sqlite_desk.already(creating())
    line = the_one_line(sqlite_desk.users("create", "--password-stdin", *options, typed=password))
    assert all(part in line for part in told)
    assert sqlite_desk.sql("SELECT count(*) FROM users") == [(1,)]


def test_a_password_that_is_no_utf_8_is_told_in_one_line(sqlite_desk: Desk) -> None:
    done = subprocess.run(
        [COMMAND, "users", "create", "--email", "al@example.com", "--name", "Al", "--password-stdin"],
        cwd=sqlite_desk.home,
        env=clean_environment(sqlite_desk.settings),
        input=b"\xff\xfe\xfd\xfc\xfb\xfa",
        capture_output=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, b"Error: the password on standard input is no UTF-8\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "--name", "Al"),
        ("create", "--email", "al@example.com"),
        ("create", "--email", "al@example.com", "--name", "Al", "--password", "in-argv"),
        ("list", "--limit", "0"),
        ("list", "surplus"),
        ("show",),
        ("set", "alice@example.com"),
        ("set", "alice@example.com", "--role", "root"),
        *(("set", "alice@example.com", "--app-metadata", bad) for bad in ("", "{", "[]", '{"a":1,"a":2}', '{"a":NaN}')),
        ("set", "alice@example.com", "--status", "deleted"),
        ("set", "alice@example.com", "--email", "new@example.com"),
        ("suspend",),
        ("delete", "--yes"),
        ("events", "--limit", "x"),
        ("events", "--limit", "0"),
        ("events", "--type", "user.renamed"),
        ("events", "--type", ""),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_before_anything_is_touched(sqlite_desk: Desk, arguments: tuple[str, ...]) -> None:
    done = sqlite_desk.users(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: leadnator-auth users" in done.stderr
    assert list(sqlite_desk.home.iterdir()) == []
