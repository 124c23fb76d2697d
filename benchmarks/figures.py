"""The measurements, the ratios that matter, and how they are shown."""

import os
import statistics
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import attrs
import bcrypt
from tabulate import tabulate

COST = 12


@attrs.frozen
class HashTime:
    """How long bcrypt takes for one password at our cost, in seconds."""

    alone: float
    one_on_each_core: float
    cores: int


def hash_time() -> HashTime:
    """Returns what this machine needs at this moment."""
    cores = os.cpu_count() or 1
    alone = statistics.median(_one_hash() for _ in range(3))
    with ThreadPoolExecutor(cores) as threads:
        loaded = statistics.median(threads.map(lambda _: _one_hash(), range(4 * cores)))
    return HashTime(alone, loaded, cores)


def _one_hash() -> float:
    began = time.perf_counter()
    bcrypt.hashpw(b"minimum-6-chars", bcrypt.gensalt(COST))
    return time.perf_counter() - began


@attrs.define
class Series:
    """Rows of measurements, by figure and by server."""

    values: dict[str, dict[str, list[float]]] = attrs.Factory(lambda: defaultdict(lambda: defaultdict(list)))

    def add(self, figure: str, server: str, value: float) -> None:
        """Adds what one round told."""
        self.values[figure][server].append(value)

    def median(self, figure: str, server: str) -> float:
        """Returns the middle one of all rounds."""
        return statistics.median(self.values[figure][server])

    def ratio(self, figure: str, server: str, other: str) -> list[float]:
        """Returns how many times the other's value a server had, round by round."""
        pairs = zip(self.values[figure][server], self.values[figure][other], strict=True)
        return [value / base for value, base in pairs]

    def as_json(self) -> dict[str, object]:
        """Returns everything that was measured, and the targets."""
        targets = [
            {"figure": target.figure, "wanted": target.wanted, "values": target.values(self)}
            for target in targets_of(self)
        ]
        return {"measured": self.values, "targets": targets}


@attrs.frozen
class Target:
    """A ratio that is to be reached."""

    figure: str
    wanted: float
    measured: str
    server: str
    other: str | None = None
    is_most: bool = False
    is_inverse: bool = False
    """Whether less of what is measured is better, so that the ratio is the other's to ours."""

    def values(self, series: Series) -> list[float]:
        """Returns the ratio, round by round."""
        if self.other is None:
            return list(series.values[self.measured][self.server])
        if self.is_inverse:
            return series.ratio(self.measured, self.other, self.server)
        return series.ratio(self.measured, self.server, self.other)


ME, ME_CPU = "me a second", "µs of CPU for me"
TARGETS = (
    Target("me on SQLite ÷ bare Starlette, by rate", 0.60, ME, "SQLite", "bare"),
    Target("me on SQLite ÷ bare Starlette, by CPU time", 0.60, ME_CPU, "SQLite", "bare", is_inverse=True),
    Target("the same, both with an access log, by rate", 0.60, ME, "SQLite, logging", "bare, logging"),
    Target(
        "the same, both with an access log, by CPU time",
        0.60,
        ME_CPU,
        "SQLite, logging",
        "bare, logging",
        is_inverse=True,
    ),
    Target("me on PostgreSQL ÷ bare Starlette, by rate", 0.40, ME, "PostgreSQL", "bare"),
    Target("me on PostgreSQL ÷ bare Starlette, by CPU time", 0.40, ME_CPU, "PostgreSQL", "bare", is_inverse=True),
    Target("me on SQLite ÷ fastapi-users, by rate", 10, ME, "SQLite", "fastapi-users"),
    Target("me at 10^6 users ÷ at 10^3, by rate", 0.95, ME, "SQLite, 10^6 users", "SQLite"),
    Target("me at 10^6 users ÷ at 10^3, by CPU time", 0.95, ME_CPU, "SQLite, 10^6 users", "SQLite", is_inverse=True),
    Target("log-ins ÷ (cores ÷ a hash alone)", 0.95, "share of the bound", "SQLite"),
    Target("log-ins ÷ (cores ÷ a hash on each core)", 0.95, "share of the loaded bound", "SQLite"),
    Target("p99 of me in a log-in storm ÷ a hash", 0.10, "p99 of me ÷ a hash", "SQLite", is_most=True),
    Target("start to ready ÷ bare Starlette", 2.5, "seconds to ready", "SQLite", "bare", is_most=True),
    Target("memory after start ÷ bare Starlette", 2.0, "MB after start", "SQLite", "bare", is_most=True),
)


BEFORE_TARGETS = tuple(
    Target(f"{what} on {store} ÷ before, {by}", 1.0, measured, store, f"{store}, before", is_inverse=is_inverse)
    for what, by, measured, is_inverse in (
        ("me", "by rate", ME, False),
        ("me", "by CPU time", ME_CPU, True),
        ("log-ins", "by rate", "log-ins a second", False),
    )
    for store in ("SQLite", "PostgreSQL")
)


def targets_of(series: Series) -> tuple[Target, ...]:
    """Returns the ratios that matter; where another version was measured too, it is what must be reached."""
    return TARGETS + BEFORE_TARGETS if "SQLite, before" in series.values[ME] else TARGETS


def printed(series: Series) -> str:
    """Returns the tables."""
    ratios = [
        [target.figure, ("at most " if target.is_most else "") + f"{target.wanted:g}", *_summary(target.values(series))]
        for target in targets_of(series)
    ]
    measured = [
        [figure, server, *_summary(values)] for figure, rows in series.values.items() for server, values in rows.items()
    ]
    return "\n\n".join(
        (
            tabulate(ratios, ["ratio", "wanted", "median", "range"], tablefmt="github", disable_numparse=True),
            tabulate(measured, ["figure", "server", "median", "range"], tablefmt="github", disable_numparse=True),
        )
    )


def _summary(values: list[float]) -> tuple[str, str]:
    return f"{statistics.median(values):.3g}", f"{min(values):.3g} to {max(values):.3g}"
