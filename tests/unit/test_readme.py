"""The README tells the truth: its snippets run, and the page it links to has every setting."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import sign_up
from leadnator_auth.entrypoints.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
SETTINGS_PAGE = (ROOT / "docs" / "reference" / "settings.md").read_text()
SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_embedding_snippet_runs_as_it_stands(tmp_path: Path) -> None:
    snippet = next(snippet for snippet in SNIPPETS if "open_ports" in snippet)
    run = subprocess.run([sys.executable, "-c", snippet], cwd=tmp_path, capture_output=True, text=True, check=True)
    first, second = run.stdout.splitlines()
    assert re.fullmatch(r"u_\S+ \S+\.\S+\.\S+", first)
    assert second == "invalid_credentials"


def test_the_snippet_for_code_that_blocks_runs_as_it_stands(tmp_path: Path) -> None:
    snippet = next(snippet for snippet in SNIPPETS if "SyncBridge" in snippet)
    run = subprocess.run([sys.executable, "-c", snippet], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "Bob <Bob@Example.com>" in run.stdout.splitlines()  # among what is logged of the mail


async def test_the_host_application_snippet_serves_its_users(memory: MemoryPorts) -> None:
    snippet = next(snippet for snippet in SNIPPETS if "host_application" in snippet)
    namespace: dict[str, Any] = {}
    exec(snippet, namespace)  # noqa: S102 (our own README)
    alice = await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    transport = httpx2.ASGITransport(namespace["host_application"](memory))
    async with httpx2.AsyncClient(transport=transport, base_url="http://host.test") as client:
        headers = {"Authorization": f"Bearer {alice.token}"}
        assert (await client.get("/app/dashboard", headers=headers)).text == "Hello Alice"
        assert (await client.get("/files/a.png", params={"token": alice.token})).text == "a.png for Alice"
        assert (await client.get("/api/auth/me", headers=headers)).json()["user"]["name"] == "Alice"
        for path in ("/app/dashboard", "/files/a.png"):
            refused = await client.get(path, headers={"Authorization": "Bearer made.up.token"})
            assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token"), path
        assert (await client.get("/files/a.png")).json()["code"] == "missing_token"


@pytest.mark.parametrize("mode", [[], ["-o", "asyncio_mode=auto"]], ids=["strict, the default", "auto"])
def test_the_testing_snippet_passes_as_it_stands(tmp_path: Path, mode: list[str]) -> None:
    snippet = next(snippet for snippet in SNIPPETS if "memory_ports" in snippet)
    (tmp_path / "test_snippet.py").write_text(snippet)
    command = [sys.executable, "-m", "pytest", "-q", *mode, "-p", "no:cacheprovider", "."]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 passed" in run.stdout, run.stdout + run.stderr


@pytest.mark.parametrize("name", [field.metadata["name"] for field in attrs.fields(Settings)])
def test_every_setting_is_documented(name: str) -> None:
    assert f"`{name}`" in SETTINGS_PAGE
