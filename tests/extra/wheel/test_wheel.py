"""The wheel: what is in it, and that it serves where nothing else is installed."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISLNK
from typing import NamedTuple

import pytest

from tests.e2e.server import Server, run

ROOT = Path(__file__).parents[3]
OWN = {f"leadnator_auth/{name}" for name in ("__init__.py", "__main__.py", "py.typed")}
"""What is beside the folders of the checkout."""
MINUTES = 600.0
DOMAIN_ONLY = """
import sys
import leadnator_auth.domain
foreign = ("starlette", "uvicorn", "sqlalchemy", "databases", "alembic", "bcrypt", "jwt", "aiosmtplib", "click")
print(*sorted(name for name in sys.modules if name.partition(".")[0] in foreign))
"""


class Installed(NamedTuple):
    """A wheel, and a fresh environment into which it was installed."""

    wheel: Path
    environment: Path

    @property
    def python(self) -> Path:
        """The interpreter of the environment."""
        return self.environment / "bin" / "python"

    @property
    def command(self) -> Path:
        """The console script of the environment."""
        return self.environment / "bin" / "leadnator-auth"

    @property
    def files(self) -> list[zipfile.ZipInfo]:
        """What is in the wheel."""
        with zipfile.ZipFile(self.wheel) as archive:
            return archive.infolist()

    @property
    def names(self) -> set[str]:
        """The paths in the wheel."""
        return {file.filename for file in self.files}


def call(*command: str | Path, cwd: Path) -> str:
    """Runs a command, without what would let it find the checkout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LEADNATOR_"))}
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, encoding="utf-8", timeout=MINUTES, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=["straight", "by way of the sdist"])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel as each way of building makes it, with its dependencies in a fresh environment."""
    folder = tmp_path_factory.mktemp("wheel")
    only_wheel = ["--wheel"] if request.param == "straight" else []  # by default the wheel is made from the sdist
    call(sys.executable, "-m", "build", *only_wheel, "--outdir", folder / "dist", ROOT, cwd=folder)
    (wheel,) = (folder / "dist").glob("*.whl")
    environment = folder / "environment"
    call(sys.executable, "-m", "venv", environment, cwd=folder)
    call(environment / "bin" / "python", "-m", "pip", "install", "--quiet", wheel, cwd=folder)
    return Installed(wheel, environment)


@pytest.fixture
def server(installed: Installed, tmp_path: Path) -> Iterator[Server]:
    """The installed server, in an empty folder, with nothing set."""
    server = Server(tmp_path, (), {}, installed.command)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def test_the_wheel_has_one_package_and_its_metadata(installed: Installed) -> None:
    top = {name.partition("/")[0] for name in installed.names}
    (metadata,) = (name for name in top if name.endswith(".dist-info"))
    assert top == {"leadnator_auth", metadata}
    assert any("/licenses/LICENSE" in name for name in installed.names)
    assert installed.wheel.name.endswith("-py3-none-any.whl")


def test_the_wheel_has_everything_the_code_reads_at_run_time(installed: Installed) -> None:
    folders = ("domain", "adapters", "entrypoints", "integrations", "testing", "verifier")
    in_checkout = {
        f"leadnator_auth/{path.relative_to(ROOT).as_posix()}"
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert in_checkout | OWN == {name for name in installed.names if name.startswith("leadnator_auth/")}
    assert "leadnator_auth/adapters/mail/templates/en/reset_link.txt" in installed.names
    assert "leadnator_auth/adapters/sql/migrations/env.py" in installed.names
    assert "leadnator_auth/adapters/sql/migrations/versions/0001_accounts.py" in installed.names


def test_no_file_of_the_wheel_is_a_link_or_a_leftover(installed: Installed) -> None:
    assert [file.filename for file in installed.files if S_ISLNK(file.external_attr >> 16)] == []
    assert [name for name in installed.names if name.endswith((".pyc", ".db", ".secret", ".eml"))] == []


def test_the_installed_command_serves_in_an_empty_folder(server: Server) -> None:
    assert server.get("/readyz").status == 200
    signed_up = server.sign_up()
    assert signed_up.status == 200
    assert server.get("/api/auth/me", signed_up.json["token"]).status == 200
    server.forgot()
    assert len(server.mails(2)) == 2  # one to verify the address, one with the link
    assert server.stop() == 0


def test_without_the_driver_of_postgresql_it_says_how_to_get_it(installed: Installed, tmp_path: Path) -> None:
    settings = {"LEADNATOR_DATABASE_URL": "postgresql://u:p@127.0.0.1:1/db", "LEADNATOR_JWT_SECRET": "s" * 32}
    done = run("serve", home=tmp_path, settings=settings, command=installed.command)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: PostgreSQL needs a driver: pip install 'leadnator-auth[postgresql]'\n"


def test_the_domain_alone_brings_no_framework_along(installed: Installed, tmp_path: Path) -> None:
    assert call(installed.python, "-c", DOMAIN_ONLY, cwd=tmp_path).split() == []


def test_the_dependencies_fit_each_other(installed: Installed, tmp_path: Path) -> None:
    assert "No broken requirements" in call(installed.python, "-m", "pip", "check", cwd=tmp_path)
