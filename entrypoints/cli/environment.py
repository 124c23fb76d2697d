"""Variables that libraries would read behind our back: who sets them means other programs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

FOREIGN_PREFIXES = ("PG", "PROMETHEUS_", "TQDM_", "UVICORN_")
FOREIGN = frozenset(
    {
        "ALL_PROXY",
        "CURL_CA_BUNDLE",
        "FORWARDED_ALLOW_IPS",
        "FTP_PROXY",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "NETRC",
        "NO_PROXY",
        "REQUESTS_CA_BUNDLE",
        "SPHINX_BUILD",
        "SSLKEYLOGFILE",
        "WEB_CONCURRENCY",
    }
)
"""In whatever case: libraries take some of them in both."""


@contextmanager
def without_foreign_variables() -> Iterator[None]:
    """Takes these variables out of the environment while the block runs, for the processes that it starts, too."""
    taken = {name: os.environ.pop(name) for name in list(os.environ) if is_foreign(name)}
    try:
        yield
    finally:
        os.environ.update(taken)


def is_foreign(name: str) -> bool:
    """Returns whether it is a variable of other programs that a library would obey here."""
    return name.upper() in FOREIGN or name.upper().startswith(FOREIGN_PREFIXES)
