"""The middleware that finds out who sends a request, and answers what use cases refuse."""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from leadnator_auth.domain import AuthError, Identity, SessionRequiredError
from leadnator_auth.entrypoints.http import MissingTokenError, RequestError
from leadnator_auth.integrations.answering import answer_to, identify_sender
from leadnator_auth.integrations.django.bridging import bridge, ports
from leadnator_auth.integrations.django.identities import REFUSAL


@sync_and_async_middleware
def identity_middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Finds out who sends a request, for `current_identity` and the decorators; a bad token is answered with 401.

    What views raise of our errors is answered as problems.
    """
    if iscoroutinefunction(get_response):

        async def over_asgi(request: HttpRequest) -> HttpResponseBase:
            try:
                vars(request)["identity"] = await bridge().acall(_identified(request)) if _has_header(request) else None
            except (AuthError, RequestError) as error:
                return _answer(error)
            response: HttpResponseBase = await get_response(request)
            return response

        vars(over_asgi)["process_exception"] = _process_exception
        return over_asgi

    def over_wsgi(request: HttpRequest) -> HttpResponseBase:
        try:
            vars(request)["identity"] = bridge().call(_identified(request)) if _has_header(request) else None
        except (AuthError, RequestError) as error:
            return _answer(error)
        response: HttpResponseBase = get_response(request)
        return response

    vars(over_wsgi)["process_exception"] = _process_exception
    return over_wsgi


def _has_header(request: HttpRequest) -> bool:
    return "HTTP_AUTHORIZATION" in request.META


async def _identified(request: HttpRequest) -> Identity | None:
    """Runs on the loop of the bridge, whose ports are open there."""
    header = request.META["HTTP_AUTHORIZATION"]
    try:
        return await identify_sender(str(request.method), request.path, "", header, ports=ports())
    except MissingTokenError:  # another scheme
        return None
    except SessionRequiredError as error:  # told where the view asks who it is, if it takes no keys
        vars(request)[REFUSAL] = error
        return None


def _process_exception(request: HttpRequest, error: Exception) -> HttpResponse | None:
    return _answer(error) if isinstance(error, AuthError | RequestError) else None


def _answer(error: AuthError | RequestError) -> HttpResponse:
    body, status, headers = answer_to(error)
    return HttpResponse(body, status=status, headers=headers)
