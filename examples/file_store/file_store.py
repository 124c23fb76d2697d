"""Keeps accounts in one JSON file: an adapter by somebody who knows nothing of the inside of leadnator-auth.

For a few thousand accounts: each unit of work reads the whole file, and each commit writes it. Processes may share it.
"""

import asyncio
import fcntl
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path

from cattrs import Converter

from leadnator_auth.adapters.memory import MemoryRepositories, MemoryTransaction, Tables, what_is_new
from leadnator_auth.domain import UnavailableError
from leadnator_auth.domain.ports import Commit, Repositories, Transaction

LOOK_AGAIN_SECONDS = 0.002

_converter = Converter()
_converter.register_unstructure_hook(datetime, datetime.isoformat)
_converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))


class FileUnitOfWork:
    """Units of work over a file: one writer at a time, in all processes, and readers that wait for nobody."""

    def __init__(self, file: Path, on_commit: Callable[[Commit], None] = lambda commit: None) -> None:
        self._file = file
        self._on_commit = on_commit

    def __call__(self) -> AbstractAsyncContextManager[Transaction]:
        return self._transaction()

    def snapshot(self) -> AbstractAsyncContextManager[Repositories]:
        return self._snapshot()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with self._writing():
            before = self._read()

            def keep(tables: Tables) -> None:
                self._write(tables)
                self._on_commit(what_is_new(before, tables))

            yield MemoryTransaction(before.copy(), keep)

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[Repositories]:
        await asyncio.sleep(0)
        yield MemoryRepositories(self._read())

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[None]:
        """Waits for its turn without stopping the loop; whoever is cancelled meanwhile holds nothing."""
        with translated():
            lock = os.open(self._file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            while not is_taken(lock):
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
            yield
        finally:
            os.close(lock)

    def _read(self) -> Tables:
        with translated():
            if not self._file.parent.is_dir():
                raise UnavailableError(f"there is no folder {self._file.parent}")
            if not self._file.exists():
                return Tables()
            return _converter.structure(json.loads(self._file.read_text()), Tables)

    def _write(self, tables: Tables) -> None:
        """Replaces the file whole, once the new one is on the disk: a crash leaves one or the other."""
        draft = self._file.with_suffix(".draft")
        with translated():
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump(_converter.unstructure(tables), file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._file)


def is_taken(lock: int) -> bool:
    """Returns whether the lock was free, and now is ours."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def translated() -> Iterator[None]:
    """Says in the port's own words that the file is out of reach, or not one of ours."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise UnavailableError(f"{type(error).__name__}: {error}") from error
