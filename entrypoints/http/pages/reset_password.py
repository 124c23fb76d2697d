"""The page to set a new password: a form that works without a script, over the same use case as the API."""

from collections.abc import Sequence
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from leadnator_auth.domain import (
    FieldsError,
    InvalidResetTokenError,
    OverloadedError,
    TooManyRequestsError,
    UnavailableError,
    is_reset_secret_usable,
    reset_password,
)
from leadnator_auth.entrypoints.http.context import client_of, ports_of
from leadnator_auth.entrypoints.http.middleware.counting import note_refusal
from leadnator_auth.entrypoints.http.pages.rendering import PAGE_HEADERS, render
from leadnator_auth.entrypoints.http.problems import headers_of, problem_of
from leadnator_auth.entrypoints.http.reading.body import read_form
from leadnator_auth.entrypoints.http.security_events import log_refusal


async def get_reset_page(request: Request) -> Response:
    """GET /reset-password: looks at the secret and leaves it as it is, for mail scanners open links, too."""
    given = request.query_params.getlist("token")
    ports = ports_of(request)
    try:
        usable = len(given) == 1 and await is_reset_secret_usable(given[0], ports=ports)
    except UnavailableError as error:
        return _page(request, "later", problem_of(error).status)
    if not usable:
        return _page(request, "invalid_link", HTTPStatus.BAD_REQUEST)
    return _page(request, "form", token=given[0])


async def post_reset_page(request: Request) -> Response:
    """POST /reset-password: sets the new password and says how it went."""
    token, password = await read_form(request, "token", "password")
    try:
        await reset_password(token, password, client_of(request), ports=ports_of(request))
    except FieldsError as error:
        note_refusal(request, error)
        problems = [field_error.message for field_error in error.errors if field_error.field == "password"]
        if isinstance(token, str) and problems:
            return _page(request, "form", HTTPStatus.BAD_REQUEST, token=token, problems=problems)
        return _page(request, "invalid_link", HTTPStatus.BAD_REQUEST)
    except InvalidResetTokenError as error:
        note_refusal(request, error)
        log_refusal(request, error)
        return _page(request, "invalid_link", HTTPStatus.BAD_REQUEST)
    except (OverloadedError, UnavailableError, TooManyRequestsError) as error:
        note_refusal(request, error)
        log_refusal(request, error)
        problems = ["This is taking too long right now. Please try again in a moment."]
        answer = _page(request, "form", problem_of(error).status, token=str(token), problems=problems)
        answer.headers.update(headers_of(error))
        return answer
    return _page(request, "done")


def _page(
    request: Request,
    state: str,
    status: HTTPStatus = HTTPStatus.OK,
    *,
    token: str = "",
    problems: Sequence[str] = (),
) -> Response:
    content = render(
        "reset_password.html",
        state=state,
        token=token,
        problems=problems,
        min_length=ports_of(request).policy.password.min_length,
    )
    headers = PAGE_HEADERS | ({"Retry-After": "5"} if status is HTTPStatus.SERVICE_UNAVAILABLE else {})
    return HTMLResponse(content, status.value, headers)
