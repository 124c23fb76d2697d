"""The metrics in Prometheus's text format, written by its own client library."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from leadnator_auth.entrypoints.telemetry.metrics.families import (
    BUCKETS,
    FAMILIES,
    REQUEST_DURATION,
    REQUESTS,
    Family,
    Kind,
)
from leadnator_auth.entrypoints.telemetry.metrics.rows import Found, Key

Numbers = Sequence[float]

_BOUNDS = [*map(str, BUCKETS), "+Inf"]


def exposed(found: Iterable[Found], of_the_moment: Mapping[Key, float]) -> bytes:
    """Returns the sums over all processes, together with what only the process that is asked knows."""
    registry = CollectorRegistry()
    registry.register(_Sums(_summed(found), of_the_moment))
    return generate_latest(registry)


def _summed(found: Iterable[Found]) -> dict[Key, Numbers]:
    sums: dict[Key, Numbers] = {}
    for row in found:
        if row.is_live or FAMILIES[row.key[0]].kind is not Kind.GAUGE:
            before = sums.get(row.key)
            sums[row.key] = row.numbers if before is None else [a + b for a, b in zip(before, row.numbers, strict=True)]
    return sums


class _Sums(Collector):
    def __init__(self, sums: Mapping[Key, Numbers], of_the_moment: Mapping[Key, float]) -> None:
        self._labelled: dict[str, list[tuple[Sequence[str], Numbers]]] = defaultdict(list)
        for (name, *labels), numbers in sums.items():
            self._labelled[name].append((labels, numbers))
            if name == REQUEST_DURATION.name:
                # The same requests: counting them twice would cost each of them.
                self._labelled[REQUESTS.name].append((labels, [sum(numbers[:-1])]))
        for (name, *labels), number in of_the_moment.items():
            self._labelled[name].append((labels, [number]))

    def collect(self) -> Iterator[Metric]:
        for family in FAMILIES.values():
            rows = sorted(self._labelled[family.name])
            if rows or family.kind is not Kind.GAUGE:
                yield _metric(family, rows)


def _metric(family: Family, rows: Iterable[tuple[Sequence[str], Numbers]]) -> Metric:
    if family.kind is Kind.HISTOGRAM:
        histogram = HistogramMetricFamily(family.name, family.help, labels=family.labels)
        for labels, numbers in rows:
            cumulative = zip(_BOUNDS, accumulate(numbers[:-1]), strict=True)
            histogram.add_metric(labels, buckets=list(cumulative), sum_value=numbers[-1])
        return histogram
    kind = CounterMetricFamily if family.kind is Kind.COUNTER else GaugeMetricFamily
    simple = kind(family.name, family.help, labels=family.labels)
    for labels, numbers in rows:
        simple.add_metric(labels, numbers[0])
    return simple
