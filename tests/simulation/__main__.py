"""`python -m tests.simulation`: many worlds, one of them with all that happens in it, or the planted bugs."""

import json
import sys
import time

import attrs
import click
from tqdm import tqdm

from tests.simulation.planted import BUGS, seeds_to_find
from tests.simulation.run import run
from tests.simulation.scheduler import Violation


@attrs.frozen
class Found:
    """A seed that does not hold."""

    seed: int
    violation: str


@click.command(context_settings={"show_default": True})
@click.argument("seed", type=int, required=False)
@click.option("--seeds", default=10_000, help="How many worlds, one after the other.")
@click.option("--first", default=0, help="The first seed.")
@click.option("--until-one", is_flag=True, help="Stop at the first violation.")
@click.option("--planted", is_flag=True, help="Look for each planted bug in up to 1,000 seeds instead.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def main(seed: int | None, seeds: int, first: int, *, until_one: bool, planted: bool, as_json: bool) -> None:
    """Runs worlds with faults and checks what must hold; with SEED, tells all that happens in that one."""
    if seed is not None:
        sys.exit(_replay(seed))
    sys.exit(
        _look_for_bugs(as_json=as_json) if planted else _run_many(first, seeds, until_one=until_one, as_json=as_json)
    )


def failure_of(seed: int, trace: list[str] | None = None) -> str | None:
    """Returns what does not hold in a world, if anything."""
    try:
        run(seed, trace)
    except (Violation, Exception) as error:  # noqa: BLE001 (whatever went wrong is a finding)
        return f"{type(error).__name__}: {error}"
    return None


def told(seed: int) -> str:
    """Returns all that happens in a world, and what does not hold in it."""
    trace: list[str] = []
    failure = failure_of(seed, trace)
    return "\n".join([*trace, failure or "everything holds", f"again: python -m tests.simulation {seed}"])


def _replay(seed: int) -> int:
    click.echo(told(seed))
    return int(failure_of(seed) is not None)


def _run_many(first: int, seeds: int, *, until_one: bool, as_json: bool) -> int:
    found: list[Found] = []
    start, done = time.perf_counter(), 0
    for seed in tqdm(range(first, first + seeds), unit="seed", disable=None):
        done += 1
        if failure := failure_of(seed):
            found.append(Found(seed, failure))
            if not as_json:
                click.echo(told(seed))
            if until_one:
                break
    seconds = time.perf_counter() - start
    if as_json:
        summary = {"first": first, "seeds": done, "seconds": round(seconds, 1)}
        click.echo(json.dumps(summary | {"violations": [attrs.asdict(each) for each in found]}))
    else:
        click.echo(f"{done:,} seeds, {len(found)} violations, {60 * done / seconds:,.0f} seeds a minute")
    return int(bool(found))


def _look_for_bugs(*, as_json: bool) -> int:
    searches = []
    for bug in tqdm(BUGS, unit="bug", disable=None):
        searches.append(seeds_to_find(bug, 1000))
        if not as_json:
            found = searches[-1].found_after
            click.echo(f"{found or 'NOT FOUND':>9}  {bug.name}: {searches[-1].violation[:100]}")
    if as_json:
        click.echo(json.dumps([attrs.asdict(search) for search in searches]))
    return int(any(search.found_after is None for search in searches))


if __name__ == "__main__":
    main()
