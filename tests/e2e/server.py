"""Starts the real `leadnator-auth serve` in a process of its own, talks to it, and always cleans up after it."""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

COMMAND = Path(sys.executable).with_name("leadnator-auth")
DEADLINE_SECONDS = 60.0
"""For everything that has to happen soon: generous, so that a noisy machine fails no test."""
HOST = "127.0.0.1"
QUICK = {"LEADNATOR_BCRYPT_COST": "4", "LEADNATOR_RATE_LIMIT": "off", "LEADNATOR_EMAIL_VERIFICATION": "off"}
"""Settings for tests in which neither the time a hash takes, nor throttling, nor the mail of a sign-up matters."""

PASSWORD = "minimum-6-chars"

T = TypeVar("T")


def until(look: Callable[[], T], what: str) -> T:
    """Returns the first true value of `look`, or fails at the deadline."""
    end = time.monotonic() + DEADLINE_SECONDS
    while not (found := look()):
        assert time.monotonic() < end, f"still waiting for {what}"
        time.sleep(0.02)
    return found


def free_port() -> int:
    """Returns a port nobody listens on, below those the system gives to outgoing connections."""
    while True:
        port = random.randint(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port


def clean_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Returns an environment with these settings and nothing else that the program could read."""
    return {"PATH": os.environ["PATH"], **settings}


def run(
    *arguments: str, home: Path, settings: Mapping[str, str] | None = None, command: Path = COMMAND
) -> subprocess.CompletedProcess[str]:
    """Runs the command to its end in the folder `home`."""
    return subprocess.run(
        [command, *arguments],
        cwd=home,
        env=clean_environment(settings or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=DEADLINE_SECONDS,
        check=False,
    )


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:  # JSON is of any type
        """The body, parsed."""
        return json.loads(self.content)


class Server:
    """One server: its folder and port stay the same when it is started again."""

    def __init__(
        self, folder: Path, options: tuple[str, ...], settings: Mapping[str, str], command: Path = COMMAND
    ) -> None:
        self.home = folder / "home"
        """Its working folder, empty before the first start."""
        self.home.mkdir()
        self.port = free_port()
        self.settings = dict(settings)
        self._log = folder / "stderr.log"
        self._command = [str(command), "serve", "--port", str(self.port), *options]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://{HOST}:{self.port}"

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """What was started, while it runs."""
        return self._process

    @property
    def database_url(self) -> str:
        """Where it keeps everything."""
        return self.settings.get("LEADNATOR_DATABASE_URL", f"sqlite:///{self.home}/leadnator.db")

    @property
    def log(self) -> str:
        """All it ever wrote to the stderr that it has by default."""
        return self._log.read_text("utf-8") if self._log.exists() else ""

    def start(self) -> None:
        """Starts it and returns when it is ready."""
        assert self._process is None
        with self._log.open("ab") as log:
            self.start_logging_to(log.fileno())

    def start_logging_to(self, descriptor: int | None) -> None:
        """Starts it with this stdout and stderr, or without a stderr, and returns when it is ready."""
        is_closed = descriptor is None
        self._process = subprocess.Popen(
            ["sh", "-c", 'exec "$@" 2>&-', "sh", *self._command] if is_closed else self._command,
            cwd=self.home,
            env=clean_environment(self.settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if is_closed else descriptor,
            stderr=subprocess.DEVNULL if is_closed else descriptor,
            start_new_session=True,  # so that its workers can be ended with it
        )
        until(self._is_ready, f"readiness; the log says:\n{self.log}")

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the process that was started."""
        assert self._process is not None
        self._process.send_signal(number)

    def exit_code(self) -> int:
        """Waits for its end."""
        assert self._process is not None
        code = self._process.wait(DEADLINE_SECONDS)
        self._process = None
        return code

    def stop(self) -> int:
        """Asks it to end and returns its exit code."""
        self.signal(signal.SIGTERM)
        return self.exit_code()

    def kill(self) -> None:
        """Ends it as a power cut would, workers included."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self.exit_code()

    def connection(self) -> http.client.HTTPConnection:
        """Returns a new connection; who asks for it closes it."""
        return http.client.HTTPConnection(HOST, self.port, timeout=DEADLINE_SECONDS)

    @contextmanager
    def socket(self) -> Iterator[socket.socket]:
        """Lends a connected socket, to send what no HTTP library would."""
        with socket.create_connection((HOST, self.port), timeout=DEADLINE_SECONDS) as connected:
            yield connected

    def get(self, path: str, token: str | None = None) -> Answer:
        """Sends a GET over a connection of its own."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self._exchange("GET", path, None, headers)

    def post(self, path: str, **members: str) -> Answer:
        """Sends a JSON object over a connection of its own."""
        return self._exchange("POST", path, json.dumps(members).encode(), {"Content-Type": "application/json"})

    def post_as(self, bearer: str, path: str, **members: str) -> Answer:
        """Sends a JSON object as the user with this token."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {bearer}"}
        return self._exchange("POST", path, json.dumps(members).encode(), headers)

    def sign_up(self, email: str = "alice@example.com", password: str = PASSWORD) -> Answer:
        """Makes an account."""
        return self.post("/api/auth/signup", name="Alice", email=email, password=password)

    def log_in(self, email: str = "alice@example.com", password: str = PASSWORD) -> Answer:
        """Opens a session."""
        return self.post("/api/auth/login", email=email, password=password)

    def forgot(self, email: str = "alice@example.com") -> Answer:
        """Asks for a reset link."""
        return self.post("/api/auth/forgot-password", email=email)

    def mails(self, count: int) -> list[EmailMessage]:
        """Waits for this many mail files and returns the mails in them, oldest first."""
        files = until(lambda: self._mail_files(count), f"{count} mails; the log says:\n{self.log}")
        return [parsed_mail(file.read_bytes()) for file in files]

    def _mail_files(self, count: int) -> list[Path]:
        files = sorted((self.home / "mail").glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
        return files if len(files) >= count else []

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"the server ended; the log says:\n{self.log}"
        try:
            return self.get("/readyz").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def _exchange(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        with closing(self.connection()) as connection:
            connection.request(method, path, body, dict(headers))
            return read_answer(connection)


def read_answer(connection: http.client.HTTPConnection) -> Answer:
    """Returns the answer to the request that was sent on a connection."""
    response = connection.getresponse()
    return Answer(response.status, dict(response.getheaders()), response.read())


def parsed_mail(content: bytes) -> EmailMessage:
    """Returns a mail as the standard library understands it."""
    message = BytesParser(policy=default).parsebytes(content)
    assert isinstance(message, EmailMessage)
    return message
