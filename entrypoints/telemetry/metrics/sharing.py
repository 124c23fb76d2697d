"""The folder in which the processes of one server share their figures; without one, each tells its own."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from leadnator_auth.entrypoints.telemetry.metrics.rows import MemoryRows, Rows

CURE = "give it a folder for temporary files with room, by TMPDIR"
_log = structlog.get_logger(__name__)


@contextmanager
def shared_folder() -> Iterator[Path | None]:
    """Makes a folder and removes it after the block; None where none can be made, which keeps nobody from serving."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="leadnator-auth-metrics-", ignore_cleanup_errors=True)
    except OSError as error:
        _log.warning("metrics_not_shared", error=str(error), cure=CURE)
        yield None
        return
    with folder as path:
        yield Path(path)


def rows_in(folder: Path | None) -> Rows:
    """Returns the rows of a new process that shares them in this folder, or keeps them to itself."""
    if folder is None:
        return MemoryRows()
    try:
        # Not every system can lock files in this way.
        from leadnator_auth.entrypoints.telemetry.metrics.shared_rows import SharedRows

        return SharedRows(folder)
    except (ImportError, OSError) as error:
        _log.warning("metrics_not_shared", error=str(error), cure=CURE)
        return MemoryRows()
