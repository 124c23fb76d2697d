"""The file of a SQLite database is where its path says, whatever characters are in it."""

from pathlib import Path

import pytest

from leadnator_auth.adapters.memory import memory_ports
from leadnator_auth.domain import sign_up
from leadnator_auth.entrypoints.settings.masking import shown_database_url
from tests.conftest import connected, sql_ports
from tests.databases import address_of, backend_of, migrate, probing

NAMES = [
    "a#1",
    "c# d;e&f=g",
    "100%",
    "%2525",
    "a%3Fb",
    "what%20is\u00a0this",
    "b\u00fccher \u0434\u0430\u043d\u043d\u044b\u0435 \U0001f600",
    'quo\'te "double" `back`',
    "a+b,c|d<e>f$g!h*i(j)",
    "[a]{b}^~",
    "back\\slash",
    "file:x",
    "-dash",
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
async def test_whatever_is_in_a_path_is_the_path(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name.replace("%2525", "%25").replace("%3F", "?").replace("%20", " ")
    folder.mkdir()
    file = folder / f"{folder.name}.db"
    url = f"sqlite:///{tmp_path}/{name}/{name}.db"
    assert migrate(url) is True
    assert file.is_file()
    async with connected(backend_of(url)) as connections:
        ports = sql_ports(memory_ports(), connections)
        await ports.readiness.check()
        signed_in = await sign_up("Ada", "ada@example.com", "correct horse", ports=ports)
        assert await ports.identities.by_session(signed_in.session.id)
    async with probing(url) as probe:
        assert await probe.newest() is not None
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert {path.name.removeprefix(file.name) for path in folder.iterdir()} <= {"", "-wal", "-shm"}
    assert address_of(shown_database_url(file)) == file


async def test_so_it_is_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = ("a#1;b.db", "file:x.db", "file:z.db?mode=memory", "~")
    for name in names:
        url = f"sqlite:///{name.replace('?', '%3F')}"
        assert migrate(url) is True
        async with connected(backend_of(url)) as connections:
            ports = sql_ports(memory_ports(), connections)
            await ports.readiness.check()
            await sign_up("Ada", "ada@example.com", "correct horse", ports=ports)
    files = {path.name.removesuffix("-wal").removesuffix("-shm") for path in tmp_path.iterdir()}
    assert files == set(names)
