"""What verifying elsewhere costs, and how soon the end of a session is known everywhere.

    python benchmarks/verifying.py ratio
    python benchmarks/verifying.py latency --processes 10 --rounds 1000

`ratio` needs wrk; `latency` starts our server, with keys that may be published, and as many processes with verifiers,
of which every other one is asynchronous, and one in Node where `--node` says the folder of the example after
`npm install`. Sessions end by log-out, suspension and reset in turn.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, chdir, contextmanager
from itertools import chain
from pathlib import Path

import click
import httpx2
from endings import ENDINGS, PASSWORD, End, new_account
from load import me_rate, percentile
from servers import Server, bare_starlette, ours, running, verified_starlette
from signing_service import signing_service

TOKENS = 1000
PORT = 8811


@click.group()
def main() -> None:
    """Measures verifiers."""


@main.command()
@click.option("--seconds", default=5, help="Of each measurement.")
@click.option("--rounds", default=5, help="Measurements of each, in turn.")
def ratio(seconds: int, rounds: int) -> None:
    """How much of a Starlette route's rate is left behind the middleware."""
    with signing_service() as service, tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        tokens = Path(folder) / "tokens"
        tokens.write_text("\n".join(service.token(number) for number in range(TOKENS)))
        bare, verified = (
            stack.enter_context(running(server, core=0))
            for server in (bare_starlette(PORT), verified_starlette(PORT + 1, service.url))
        )
        for each in (bare, verified):
            me_rate(each, tokens, 1, core=1)  # each token is verified once
        shares = []
        for number in range(rounds):
            rates = {each.server.name: me_rate(each, tokens, seconds, core=1) for each in (bare, verified)}
            ceiling, left = rates[bare.server.name], rates[verified.server.name]
            shares.append(left.per_second / ceiling.per_second)
            click.echo(
                f"{number + 1}: bare {ceiling.per_second:.0f}/s ({ceiling.cpu_us:.1f} µs), "
                f"verified {left.per_second:.0f}/s ({left.cpu_us:.1f} µs), {shares[-1]:.3f}"
            )
        click.echo(f"verified / bare: {statistics.median(shares):.3f} (median of {rounds})")


@main.command()
@click.option("--processes", default=10, help="With a verifier each.")
@click.option("--rounds", default=1000, help="Sessions that end.")
@click.option("--workers", default=2, help="Processes of the server.")
@click.option("--database", default="", help="By default a new SQLite file.")
@click.option("--node", type=click.Path(exists=True), help="The folder of the example in Node, with jose installed.")
def latency(processes: int, rounds: int, workers: int, database: str, node: str | None) -> None:
    """How soon after its answer the end of a session is known to the last verifier."""
    took: dict[str, list[float]] = {name: [] for name in ENDINGS}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        stack.enter_context(chdir(folder))  # mails go there
        server = _signing_server(database or f"sqlite:///{folder}/bench.db", workers)
        stack.enter_context(running(server))
        email, key = _admin_with_key(server)
        verifiers = [stack.enter_context(_verifier(server.address, key, number, node)) for number in range(processes)]
        client = stack.enter_context(httpx2.Client(base_url=server.address, timeout=30))
        answer = client.post("/api/auth/login", json={"email": email, "password": PASSWORD})
        admin = answer.raise_for_status().json()["token"]
        for number in range(rounds):
            name = list(ENDINGS)[number % len(ENDINGS)]
            account = new_account(client)
            end = ENDINGS[name](client, account, admin, Path(folder) / "mail")
            took[name].append(max(_round(account.token, end, verifiers)))
            if number % 100 == 99:
                click.echo(f"{number + 1} of {rounds}", err=True)
    for name, values in (took | {"each": list(chain(*took.values()))}).items():
        shown = ", ".join(f"{label} {percentile(values, share) * 1000:.0f} ms" for label, share in _SHARES)
        click.echo(f"{name}, the last of {processes}: {shown}, worst {max(values) * 1000:.0f} ms ({len(values)} times)")


_SHARES = (("median", 0.5), ("p99", 0.99))


def _round(token: str, end: End, verifiers: "Sequence[subprocess.Popen[str]]") -> list[float]:
    """Returns how long after the end was acknowledged each verifier let the token in for the last time, in seconds."""
    for verifier in verifiers:
        _tell(verifier, token)
    for verifier in verifiers:
        assert _told(verifier) == "in", "a token that is good must get in first"
    end().raise_for_status()
    acknowledged = time.monotonic()
    return [float(_told(verifier)) - acknowledged for verifier in verifiers]


def _signing_server(database: str, workers: int) -> Server:
    settings = {
        "LEADNATOR_JWT_ALGORITHM": "EdDSA",
        "LEADNATOR_BCRYPT_COST": "4",
        "LEADNATOR_EMAIL_VERIFICATION": "off",
        "LEADNATOR_LOG_LEVEL": "warning",
    }
    if database.startswith("postgresql"):
        settings["LEADNATOR_MASTER_KEY"] = "a master key for measuring only, long enough"
    return ours("signing", database, PORT, settings, workers=workers)


def _admin_with_key(server: Server) -> tuple[str, str]:
    """Returns the address of a new admin, and the secret of a key of theirs that may follow the feed."""
    email = f"root{time.time_ns()}@example.com"
    command = str(Path(sys.executable).with_name("leadnator-auth"))
    user = [command, "users", "create", "--email", email, "--name", "Root", "--admin", "--password-stdin"]
    environment = dict(server.environment)
    subprocess.run(user, input=PASSWORD, env=environment, text=True, check=True, capture_output=True)
    key = [command, "api-keys", "create", email, "--name", "feed", "--scope", "revocations"]
    made = subprocess.run(key, env=environment, text=True, check=True, capture_output=True).stdout
    return email, next(word for word in made.split() if word.startswith("lnk_"))


@contextmanager
def _verifier(url: str, key: str, number: int, node: str | None) -> "Iterator[subprocess.Popen[str]]":
    here = Path(__file__).resolve().parent
    if node and number == 0:
        command, home = ["node", str(here / "verifying_process.mjs"), node, url, key], Path(node)
    else:
        kind = "async" if number % 2 else "sync"
        command, home = [sys.executable, str(here / "verifying_process.py"), kind, url, key], here
    process = subprocess.Popen(command, cwd=home, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    try:
        assert _told(process) == "ready"
        yield process
    finally:
        process.kill()
        process.wait()


def _tell(process: "subprocess.Popen[str]", line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def _told(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


if __name__ == "__main__":
    main()
