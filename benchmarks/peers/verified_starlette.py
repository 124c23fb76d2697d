"""The ceiling's route, for those alone whose access token is verified here."""

import os

from starlette.applications import Starlette
from starlette.middleware import Middleware

from leadnator_auth.verifier import Verifier, VerifierMiddleware
from peers.bare_starlette import app as bare

_verifier = Verifier(os.environ["SERVICE_URL"], api_key=os.environ["API_KEY"])
_verifier.wait_until_ready()
app = Starlette(routes=bare.routes, middleware=[Middleware(VerifierMiddleware, verifier=_verifier)])
