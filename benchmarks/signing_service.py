"""A service that publishes one key and an empty feed, in a thread: what a verifier needs where nothing ends."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

KID = "benchmark"


class SigningService:
    """Its key, and where it listens."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._private = Ed25519PrivateKey.generate()

    @property
    def keys(self) -> bytes:
        """The JWK set."""
        public = OKPAlgorithm.to_jwk(self._private.public_key(), as_dict=True)
        return json.dumps({"keys": [{**public, "kid": KID, "use": "sig", "alg": "EdDSA"}]}).encode()

    def token(self, number: int) -> str:
        """Returns the token of a session that begins now."""
        now = int(time.time())
        names = {"iss": "leadnator-auth", "aud": "leadnator", "purpose": "access", "iat": now, "exp": now + 604800}
        ids = {"sub": f"u_{number:022}", "sid": f"s_{number:022}", "jti": f"{number:022}"}
        return jwt.encode(names | ids, self._private, algorithm="EdDSA", headers={"kid": KID})


@contextmanager
def signing_service() -> Iterator[SigningService]:
    """Serves while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            is_for_keys = self.path.endswith("jwks.json")
            if "wait=0" not in self.path and not is_for_keys:
                time.sleep(5)
            body = service.keys if is_for_keys else b'{"revocations":[],"cursor":"1"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        service = SigningService(server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield service
        server.shutdown()
