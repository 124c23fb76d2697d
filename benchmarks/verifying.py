"""What verifying elsewhere costs, and how soon a log-out is known everywhere.

    python benchmarks/verifying.py ratio
    python benchmarks/verifying.py latency --processes 10 --rounds 1000

`ratio` needs wrk; `latency` starts our server, with keys that may be published, and as many processes with verifiers,
of which every other one is asynchronous, and one in Node where `--node` says the folder of the example after
`npm install`.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import httpx2
from load import me_rate, percentile
from servers import Server, bare_starlette, ours, running, verified_starlette
from signing_service import signing_service

PASSWORD = "minimum-6-chars"
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
@click.option("--rounds", default=1000, help="Log-outs.")
@click.option("--workers", default=2, help="Processes of the server.")
@click.option("--database", default="", help="By default a new SQLite file.")
@click.option("--node", type=click.Path(exists=True), help="The folder of the example in Node, with jose installed.")
@click.option("--url", default="", help="Of a server that runs already, whose API key is in API_KEY.")
def latency(processes: int, rounds: int, workers: int, database: str, node: str | None, url: str) -> None:
    """How soon after its answer a log-out is known to every verifier."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        if not url:
            server = _signing_server(database or f"sqlite:///{folder}/bench.db", workers)
            stack.enter_context(running(server))
            url = server.address
        key = _api_key(database or f"sqlite:///{folder}/bench.db")
        verifiers = [stack.enter_context(_verifier(url, key, number, node)) for number in range(processes)]
        client = stack.enter_context(httpx2.Client(base_url=url, timeout=30))
        body = {"name": "A", "email": f"a{time.time_ns()}@example.com", "password": PASSWORD}
        client.post("/api/auth/signup", json=body).raise_for_status()
        first: list[float] = []
        last: list[float] = []
        for _ in range(rounds):
            took = _round(client, body, verifiers)
            first.append(min(took))
            last.append(max(took))
    for name, values in (("the first", first), ("the last", last)):
        shown = ", ".join(f"{label} {percentile(values, share) * 1000:.0f} ms" for label, share in _SHARES)
        click.echo(f"{name} of {processes} verifiers: {shown}, worst {max(values) * 1000:.0f} ms ({rounds} log-outs)")


_SHARES = (("median", 0.5), ("p99", 0.99))


def _round(client: httpx2.Client, body: dict[str, str], verifiers: "Sequence[subprocess.Popen[str]]") -> list[float]:
    """Returns how long after the answer to a log-out each verifier let its token in for the last time, in seconds."""
    token = client.post("/api/auth/login", json=body).json()["token"]
    for verifier in verifiers:
        _tell(verifier, token)
    for verifier in verifiers:
        assert _told(verifier) == "in", "a token that is good must get in first"
    client.post("/api/auth/logout", headers={"Authorization": f"Bearer {token}"}).raise_for_status()
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


def _api_key(database: str) -> str:
    """Returns the secret of a new key that may follow the feed, of a new admin."""
    environment = dict(ours("signing", database, PORT).environment)
    email = f"root{time.time_ns()}@example.com"
    command = str(Path(sys.executable).with_name("leadnator-auth"))
    user = [command, "users", "create", "--email", email, "--name", "Root", "--admin", "--password-stdin"]
    subprocess.run(user, input=PASSWORD, env=environment, text=True, check=True, capture_output=True)
    key = [command, "api-keys", "create", email, "--name", "feed", "--scope", "revocations"]
    made = subprocess.run(key, env=environment, text=True, check=True, capture_output=True).stdout
    return next(word for word in made.split() if word.startswith("lnk_"))


@contextmanager
def _verifier(url: str, key: str, number: int, node: str | None) -> "Iterator[subprocess.Popen[str]]":
    here = Path(__file__).parent
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
