"""Below a path that a proxy strips: what is refused on the wire points to the same page as what is refused later."""

import pytest

from leadnator_auth.adapters.memory import memory_ports
from leadnator_auth.entrypoints.http import create_app
from tests.http.wire.serving import PROTOCOLS, answers_in, serving

CALLS = {
    b"GET /api/auth/me HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n": "missing_token",
    b"GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n": "not_found",
    b"GET /api/auth/me HTTP/1.1\r\n\r\n": "invalid_request",
    b"GET /api/auth/me HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n": "invalid_request",
}


@pytest.mark.parametrize("parser", PROTOCOLS)
@pytest.mark.parametrize("root_path", ["/accounts", "/v1/accounts", ""])
def test_problems_name_the_path_that_they_are_below(parser: str, root_path: str) -> None:
    with serving(create_app(memory_ports()), parser, root_path=root_path) as served:
        for call, code in CALLS.items():
            (answer,) = answers_in(served.last_words(call))
            assert answer.json["type"] == f"{root_path}/docs#{code}"
