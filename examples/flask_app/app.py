"""A Flask application, which blocks, over the core, which does not."""

import atexit
import os
from collections.abc import Callable
from functools import wraps

from bridge import Bridge
from flask import Flask, Response, g, jsonify, request

from leadnator_auth.domain import (
    AccountSuspendedError,
    AuthError,
    Client,
    EmailTakenError,
    FieldsError,
    InvalidCredentialsError,
    InvalidTokenError,
    TooManyRequestsError,
    identify,
    log_in,
    log_out,
    sign_up,
)
from leadnator_auth.entrypoints.embedding import Settings, running_ports

STATUS = {
    FieldsError: 400,
    InvalidCredentialsError: 401,
    InvalidTokenError: 401,
    AccountSuspendedError: 403,
    EmailTakenError: 409,
    TooManyRequestsError: 429,
}
View = Callable[[], Response]


def build(bridge: Bridge) -> Flask:
    """Returns the application over the ports that the bridge keeps open."""
    app = Flask(__name__)
    ports = bridge.ports

    def login_required(view: View) -> View:
        @wraps(view)
        def checked() -> Response:
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            g.identity = bridge.call(identify(token, ports=ports))
            return view()

        return checked

    @app.post("/signup")
    def post_signup() -> Response:
        form = request.form
        signed_in = bridge.call(
            sign_up(form.get("name"), form.get("email"), form.get("password"), client=client(), ports=ports)
        )
        return jsonify(token=signed_in.token)

    @app.post("/login")
    def post_login() -> Response:
        form = request.form
        signed_in = bridge.call(log_in(form.get("email"), form.get("password"), client=client(), ports=ports))
        return jsonify(token=signed_in.token)

    @app.get("/profile")
    @login_required
    def profile() -> Response:
        return jsonify(name=g.identity.user.name)

    @app.post("/logout")
    @login_required
    def post_logout() -> Response:
        bridge.call(log_out(g.identity, ports=ports))
        return jsonify(ok=True)

    @app.errorhandler(AuthError)
    def refused(error: AuthError) -> tuple[Response, int]:
        status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 503)
        return jsonify(code=error.code), status

    return app


def client() -> Client:
    """Returns who calls: sessions show it, and limits are counted by its network."""
    return Client(request.remote_addr or "", request.user_agent.string)


def create_app() -> Flask:
    """What `flask run` and WSGI servers call, once a process."""
    bridge = Bridge(running_ports(Settings.read(os.environ)))
    atexit.register(bridge.close)
    return build(bridge)
