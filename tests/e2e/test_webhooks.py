"""Webhooks of the real process: an operator adds one, and a real receiver gets what happens, signed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import Any

import attrs
import pytest
import standardwebhooks

from tests.databases import run_sql
from tests.e2e.conftest import Serve
from tests.e2e.server import DEADLINE_SECONDS, HOST, Server, run, until

Json = Any  # JSON is of any type


@attrs.define
class Receiver:
    """An HTTP server that keeps what is posted to it, and answers `status`."""

    url: str = ""
    status: int = 204
    posted: "Queue[tuple[dict[str, str], bytes]]" = attrs.Factory(Queue)

    def next(self) -> tuple[dict[str, str], bytes]:
        """Returns headers and body of the next message, once it is there."""
        return self.posted.get(timeout=DEADLINE_SECONDS)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Runs a receiver while the block does."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.posted.put(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(receiver.status)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        receiver.url = f"http://{HOST}:{server.server_port}/hooks"
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield receiver
        finally:
            server.shutdown()


def told(server: Server, *arguments: str) -> Json:
    """Returns what a command prints as JSON, run beside the server."""
    done = run(*arguments, "--json", home=server.home, settings=server.settings)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_receiver_gets_what_happens_signed_until_it_is_gone(serve: Serve) -> None:
    server = serve(WEBHOOK_PRIVATE_TARGETS="on")
    with receiving() as receiver:
        made = told(server, "webhooks", "create", receiver.url, "--type", "user.created", "--description", "CRM")
        webhook_id, secret = made["webhook"]["id"], made["secret"]
        token = server.sign_up().json["token"]
        run_sql(server.database_url, "UPDATE users SET role = 'admin'")
        hooks = f"/api/admin/webhooks/{webhook_id}"
        headers, body = receiver.next()
        content = standardwebhooks.Webhook(secret).verify(body, headers)
        assert (content["type"], content["data"]["event_id"]) == ("user.created", headers["webhook-id"])
        assert "alice" not in body.decode().lower()

        new = told(server, "webhooks", "rotate", webhook_id)["secret"]
        assert server.post_as(token, f"{hooks}/test").status == 200
        headers, body = receiver.next()
        assert len(headers["webhook-signature"].split(" ")) == 2
        for each in (secret, new):
            assert standardwebhooks.Webhook(each).verify(body, headers)["type"] == "webhook.test"

        receiver.status = 410
        told(server, "webhooks", "test", webhook_id)
        receiver.next()
        until(lambda: not server.get(hooks, token).json["webhook"]["enabled"], "the webhook to be disabled")
        findings = run("doctor", home=server.home, settings=server.settings).stdout
        assert f"{webhook_id} is disabled" in findings
        deliveries = told(server, "webhooks", "deliveries", webhook_id)["deliveries"]
        assert [each["state"] for each in deliveries] == ["queued", "sent", "sent"]
        assert "410" in deliveries[0]["last_error"]

        receiver.status = 200
        told(server, "webhooks", "set", webhook_id, "--enable")
        headers, body = receiver.next()
        assert headers["webhook-id"] == deliveries[0]["event_id"]
    told(server, "webhooks", "delete", webhook_id, "--yes")
    assert server.get(hooks, token).status == 404
    for each in (secret, new):
        assert each.removeprefix("whsec_") not in server.log


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_without_being_allowed_nothing_is_sent_to_this_machine(serve: Serve) -> None:
    server = serve()
    with receiving() as receiver:
        refused = run("webhooks", "create", receiver.url, home=server.home, settings=server.settings)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.startswith("Error: url: ")
        assert refused.stderr.count("\n") == 1
        webhook_id = told(server, "webhooks", "create", receiver.url.replace("http", "https"))["webhook"]["id"]
        token = server.sign_up().json["token"]
        run_sql(server.database_url, "UPDATE users SET role = 'admin'")

        def failed() -> Json:
            found = server.get(f"/api/admin/webhooks/{webhook_id}/deliveries", token).json["deliveries"]
            return next((each["last_error"] for each in found if each["last_error"]), None)

        assert "private" in until(failed, "an attempt")
        assert receiver.posted.empty()
    done = run("webhooks", "test", "wh_none", home=server.home, settings=server.settings)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "Error: there is no webhook 'wh_none'\n")
