"""A Flask application, which blocks, over the core, which does not."""

import os

from flask import Flask, Response, jsonify, request

from leadnator_auth.domain import log_in, log_out, sign_up
from leadnator_auth.entrypoints.embedding import Settings, SyncBridge
from leadnator_auth.integrations.flask import call, client, current_identity, init_app, login_required, ports


def build(bridge: SyncBridge) -> Flask:
    """Returns the application over the ports that the bridge keeps open."""
    app = Flask(__name__)
    init_app(app, bridge)

    @app.post("/signup")
    def post_signup() -> Response:
        form = request.form
        fields = (form.get("name"), form.get("email"), form.get("password"))
        return jsonify(token=call(sign_up(*fields, client=client(), ports=ports())).token)

    @app.post("/login")
    def post_login() -> Response:
        form = request.form
        signed_in = call(log_in(form.get("email"), form.get("password"), client=client(), ports=ports()))
        return jsonify(token=signed_in.token)

    @app.get("/profile")
    @login_required
    def profile() -> Response:
        return jsonify(name=current_identity().user.name)

    @app.post("/logout")
    @login_required
    def post_logout() -> Response:
        call(log_out(current_identity(), ports=ports()))
        return jsonify(ok=True)

    return app


def create_app() -> Flask:
    """What `flask run` and WSGI servers call; the bridge opens with the first request of each process."""
    return build(SyncBridge(Settings.read(os.environ)))
