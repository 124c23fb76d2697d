"""The verifier of the example in Node, over a service that does what a test says."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.server import until
from tests.extra.clients.conftest import Call
from tests.verifier.minting import Json, Key, jwks
from tests.verifier.service import API_KEY, Service, serving
from tests.verifier.test_tokens import EC, ED, FORGED

HERE = Path(__file__).parent
CLAIMS: list[Json] = [
    *({name: None} for name in ("iss", "aud", "sub", "sid", "jti", "iat", "exp", "purpose")),
    *({name: "x"} for name in ("iss", "aud", "exp", "purpose")),
    {"exp": 1},
    {"nbf": 9999999999},
    {"iat": 9999999999},
]
ODD_BUT_SIGNED = {"a key of its own", "a URL of keys", "a member twice", "a claim twice", "too long"}
"""What our key must have signed; jose believes nothing in the header but `kid`, and reads JSON as JavaScript does."""
EXAMPLE = HERE.parents[2] / "examples" / "node_verifier"


class Verifying:
    """A process that verifies what it is told."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def __call__(self, token: str) -> str:
        """Returns what it says of a token."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{token}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def until(self, token: str, answer: str) -> None:
        """Waits until it says this of a token, or something that begins so."""
        until(lambda: self(token).startswith(answer), f"{answer}; it says {self(token)}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "verifier"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("node_modules"))
    shutil.copy(HERE / "checking.js", folder)
    return folder


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as served:
        yield served


@pytest.fixture
def start(folder: Path, call: Call, service: Service) -> Iterator[Callable[[float], Verifying]]:
    """Starts verifiers with a bound, in seconds."""
    assert shutil.which("npm"), "this test needs node and npm: apt-get install nodejs npm"
    call("npm", "install", "--no-package-lock", "--no-audit", "--no-fund")
    started: list[subprocess.Popen[str]] = []

    def begin(max_age: float) -> Verifying:
        command = ["node", "checking.js", service.url, API_KEY, str(max_age)]
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", bufsize=1
        )
        started.append(process)
        return Verifying(process)

    yield begin
    for process in started:
        process.communicate(timeout=30)
        assert process.returncode == 0


def test_it_does_as_the_verifier_in_python_does(service: Service, start: Callable[[float], Verifying]) -> None:
    service.end("s_before")
    es256 = Key("ES256", "k-es256")
    service.keys = jwks(service.key, es256, ED, EC)
    verifier = start(60)
    verifier.until(service.key.token("s_1"), "in u_1 s_1")
    assert verifier(es256.token("s_2")) == "in u_1 s_2"
    assert verifier(service.key.token("s_before")) == "refused session ended"
    service.end("s_9")
    verifier.until(service.key.token("s_9"), "refused session ended")
    assert verifier(service.key.token("s_2")) == "in u_1 s_2"
    _lets_in_nobody_else(service, verifier)


def test_it_hears_of_other_keys_with_the_feed(service: Service, start: Callable[[float], Verifying]) -> None:
    service.version = "v1"
    verifier = start(60)
    token = service.key.token("s_1")
    verifier.until(token, "in u_1 s_1")
    for version in ("v2", "v3"):
        new = Key("EdDSA", f"k-{version}")
        assert verifier(new.token()).startswith("refused")
        service.set(keys=jwks(new), version=version)
        verifier.until(new.token(), "in u_1 s_1")
        assert verifier(token).startswith("refused")
    service.set(keys_status=503, version="v4")
    service.end("s_2")
    verifier.until(new.token("s_2"), "refused session ended")
    assert verifier(new.token()) == "in u_1 s_1", "what is known stays"
    service.set(keys=jwks(service.key), keys_status=200)
    verifier.until(token, "in u_1 s_1")
    assert "v3" in service.heard_of, "so that a version which came between two questions is said at once"


def _lets_in_nobody_else(service: Service, verifier: Verifying) -> None:
    key = service.key
    for claims in CLAIMS:
        assert verifier(key.token("s_3", **claims)).startswith("refused"), claims
    assert verifier(Key("EdDSA", key.kid).token()).startswith("refused")
    assert verifier(Key("EdDSA", "k-unknown").token()).startswith("refused")
    for name, make in FORGED.items():
        token = make()
        if token.isascii() and "\n" not in token and name not in ODD_BUT_SIGNED:
            assert verifier(token).startswith("refused"), name


def test_it_is_closed_when_it_hears_nothing_and_open_again(
    service: Service, start: Callable[[float], Verifying]
) -> None:
    service.feed_status = 503
    verifier = start(1)
    token = service.key.token("s_1")
    verifier.until(token, "unavailable the service answers 503")
    service.set(feed_status=200)
    verifier.until(token, "in")
    service.set(feed_status=500)
    verifier.until(token, "unavailable")
    service.end("s_1")
    service.set(feed_status=200)
    verifier.until(token, "refused session ended")


def test_a_service_with_a_secret_is_named(service: Service, start: Callable[[float], Verifying]) -> None:
    service.keys = b'{"keys":[]}'
    verifier = start(30)
    until(lambda: "LEADNATOR_JWT_ALGORITHM" in verifier(service.key.token()), "the name of the setting")
