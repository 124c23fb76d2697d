"""Mounted in FastAPI, and under uvicorn with a root path."""

import http.client
import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from leadnator_auth.adapters.memory import memory_ports
from leadnator_auth.entrypoints.http import create_app
from tests.e2e.server import DEADLINE_SECONDS, HOST, clean_environment, free_port, until
from tests.extra.examples.test_readmes import is_listening

PROGRAM = """
from fastapi import FastAPI
from leadnator_auth.adapters.memory import memory_ports
from leadnator_auth.entrypoints.http import create_app

hosted = FastAPI()
hosted.mount("/accounts", create_app(memory_ports()))
alone = create_app(memory_ports())
"""


def test_host_and_guest_have_documents_of_their_own() -> None:
    host = FastAPI()
    host.mount("/accounts", create_app(memory_ports()))
    with TestClient(host) as client:
        document = client.get("/accounts/openapi.json").json()
        assert document["servers"] == [{"url": "/accounts"}]
        assert document["info"]["title"] == "leadnator-auth"
        assert client.get("/accounts/api/auth/me").json()["type"] == "/accounts/docs#missing_token"
        assert client.get("/accounts/metrics").status_code == 404
        assert client.get("/accounts/").status_code == 200
        assert client.get("/openapi.json").json()["info"]["title"] == "FastAPI"


@pytest.mark.parametrize(("app", "base"), [("hosted", "/accounts"), ("alone", "")])
def test_uvicorn_may_be_told_the_root_path(tmp_path: Path, app: str, base: str) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    port = free_port()

    def get(path: str) -> Any:  # JSON is of any type
        with closing(http.client.HTTPConnection(HOST, port, timeout=DEADLINE_SECONDS)) as connection:
            connection.request("GET", base + path)
            return json.loads(connection.getresponse().read())

    command = [sys.executable, "-m", "uvicorn", f"program:{app}", "--root-path", "/v1", "--port", str(port)]
    with subprocess.Popen(command, cwd=tmp_path, env=clean_environment({"PYTHONPATH": str(tmp_path)})) as process:
        try:
            until(lambda: is_listening(port), "uvicorn")
            assert get("/openapi.json")["servers"] == [{"url": f"/v1{base}"}]
            for path, code in (("/api/auth/me", "missing_token"), ("/metrics", "not_found"), ("/v1/docs", "not_found")):
                assert get(path)["type"] == f"/v1{base}/docs#{code}"
        finally:
            process.terminate()
