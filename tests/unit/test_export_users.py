"""Handing over all accounts, in memory: each once, newest first, and with what it is verified against."""

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import Role, delete_user, export_users, import_users, sign_up
from leadnator_auth.domain.entities.actor import Actor
from leadnator_auth.domain.use_cases.export_users import AT_ONCE


async def test_all_are_there_once_newest_first_with_their_hashes(memory: MemoryPorts) -> None:
    records = [
        {
            "name": f"U{n}",
            "email": f"{n}@example.com",
            "password_hash": f"cheap$1${n}",
            "created_at": f"20{n % 10:02}-01-01T00:{n // 60:02}:{n % 60:02}Z",
            "role": "admin" if n == 7 else "user",
        }
        for n in range(2 * AT_ONCE)
    ]
    await import_users(records, ports=memory)
    exported = [each async for each in export_users(ports=memory)]
    assert sorted(each.user.name for each in exported) == sorted(f"U{n}" for n in range(2 * AT_ONCE))
    assert all(each.password_hash == f"cheap$1${each.user.name[1:]}" for each in exported)
    times = [each.user.created_at for each in exported]
    assert times == sorted(times, reverse=True)
    assert [each.user.name for each in exported if each.user.role is Role.ADMIN] == ["U7"]
    assert "cheap$" not in repr(exported[0])


async def test_of_nobody_there_is_nothing(memory: MemoryPorts) -> None:
    assert [each async for each in export_users(ports=memory)] == []


async def test_an_account_without_a_hash_is_there_without_one(memory: MemoryPorts) -> None:
    await sign_up("Ada", "ada@example.com", "secret", ports=memory)
    memory.unit_of_work.tables.credentials.clear()
    assert [each.password_hash async for each in export_users(ports=memory)] == [None]


async def test_who_comes_or_goes_meanwhile_changes_nothing_for_the_others(memory: MemoryPorts) -> None:
    records = [{"name": "U", "email": f"{n}@example.com", "password_hash": f"cheap$1${n}"} for n in range(AT_ONCE + 10)]
    await import_users(records, ports=memory)
    exporting = export_users(ports=memory)
    seen = [(await anext(exporting)).user]
    await sign_up("New", "new@example.com", "secret", ports=memory)
    await delete_user(Actor.operator(), seen[0].id, ports=memory)
    seen += [each.user async for each in exporting]
    assert len({user.id for user in seen}) == len(seen) == AT_ONCE + 10
