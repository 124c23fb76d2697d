"""A program by somebody who has generated a Python client; run with the base URL, and type-checked by the test."""

import sys

from generated_client import AuthenticatedClient, Client
from generated_client.api.authentication import get_me, log_in, sign_up
from generated_client.api.sessions import list_sessions
from generated_client.models import (
    GetMeResponse,
    InvalidCredentialsProblem,
    ListSessionsResponse,
    LogInRequest,
    LogInResponse,
    MissingFieldsProblem,
    SignUpRequest,
    SignUpResponse,
)

EMAIL, PASSWORD = "alice@example.com", "minimum-6-chars"

base_url = sys.argv[1]
with Client(base_url=base_url, raise_on_unexpected_status=True) as anybody:
    missing = sign_up.sync(client=anybody, body=SignUpRequest(name=" ", email=EMAIL, password=PASSWORD))
    assert isinstance(missing, MissingFieldsProblem)
    assert [(error.field, error.code) for error in missing.errors] == [("name", "missing")]

    signed_up = sign_up.sync(client=anybody, body=SignUpRequest(name="Alice", email=EMAIL, password=PASSWORD))
    assert isinstance(signed_up, SignUpResponse)
    assert signed_up.user.plan == "Starter"

    wrong = log_in.sync(client=anybody, body=LogInRequest(email=EMAIL, password="wrong-password"))
    assert isinstance(wrong, InvalidCredentialsProblem)
    assert (wrong.status, wrong.code) == (401, "invalid_credentials")

    logged_in = log_in.sync(client=anybody, body=LogInRequest(email=EMAIL, password=PASSWORD))
    assert isinstance(logged_in, LogInResponse)

with AuthenticatedClient(base_url=base_url, token=logged_in.token, raise_on_unexpected_status=True) as alice:
    me = get_me.sync(client=alice)
    assert isinstance(me, GetMeResponse)
    assert (me.user.id, me.user.email) == (signed_up.user.id, EMAIL)

    listed = list_sessions.sync(client=alice)
    assert isinstance(listed, ListSessionsResponse)
    assert [session.is_current for session in listed.sessions] == [True, False]
    assert listed.sessions[0].created_at.tzinfo is not None
