"""Every public module says what is public, and everything that is has words of its own."""

import importlib
import inspect
import re
import subprocess
import sys
from types import ModuleType

import pytest

import leadnator_auth

MODULES = [
    "leadnator_auth",
    "leadnator_auth.adapters.bcrypt_hasher",
    "leadnator_auth.testing.contract",
    "leadnator_auth.adapters.email_syntax",
    "leadnator_auth.adapters.fido2_passkeys",
    "leadnator_auth.adapters.foreign_hashes",
    "leadnator_auth.adapters.jwt_tokens",
    "leadnator_auth.adapters.mail",
    "leadnator_auth.adapters.mail.smtp",
    "leadnator_auth.adapters.memory",
    "leadnator_auth.adapters.system.secret_file",
    "leadnator_auth.adapters.snapshot_identities",
    "leadnator_auth.adapters.sql",
    "leadnator_auth.adapters.system",
    "leadnator_auth.adapters.webhooks",
    "leadnator_auth.domain",
    "leadnator_auth.domain.ports",
    "leadnator_auth.entrypoints.embedding",
    "leadnator_auth.entrypoints.http",
    "leadnator_auth.testing",
    "leadnator_auth.testing.client",
    "leadnator_auth.testing.pytest_plugin",
    "leadnator_auth.verifier",
]
NOT_FOR_THE_CORE = "asyncio sqlite3 ssl socket http logging json random secrets concurrent selectors subprocess"


@pytest.fixture(params=MODULES)
def module(request: pytest.FixtureRequest) -> ModuleType:
    """Each public module in turn."""
    return importlib.import_module(request.param)


def test_what_is_public_is_there_and_documented(module: ModuleType) -> None:
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isroutine(value):
            assert "__doc__" in vars(value) or value.__doc__, f"{name} has no words"
            assert (value.__doc__ or "").strip(), f"{name} has no words"


def test_the_package_names_its_public_modules() -> None:
    words = re.sub(r"\s+", " ", leadnator_auth.__doc__ or "")
    for name in MODULES[1:]:
        assert f"`{name}`" in words or f"`{name.removeprefix('leadnator_auth.adapters')}`" in words


@pytest.mark.parametrize("core", ["leadnator_auth.domain", "leadnator_auth.domain.ports"])
def test_the_core_alone_starts_no_machinery(core: str) -> None:
    loaded = _loaded_by(core)
    assert loaded & set(NOT_FOR_THE_CORE.split()) == set()
    assert loaded & {"starlette", "sqlalchemy", "databases", "bcrypt", "jwt", "structlog", "click"} == set()


def test_the_world_in_memory_needs_no_server_and_no_database() -> None:
    loaded = _loaded_by("leadnator_auth.adapters.memory")
    assert loaded & {"starlette", "uvicorn", "sqlalchemy", "databases", "sqlite3", "bcrypt", "jwt", "pytest"} == set()


def _loaded_by(module: str) -> set[str]:
    # Measuring the coverage loads sqlite3 into every process: only the difference is the module's doing.
    program = f"import sys; before = set(sys.modules); import {module}; print(*set(sys.modules) - before)"
    run = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in run.stdout.split()}
