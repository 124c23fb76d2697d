"""A page that a mailed link opens: GET shows what the link is good for, and only a person's POST does it.

Mail scanners open links, so a GET uses nothing up. A POST that worked leads on to a page that has no secret in its URL
and may be loaded again; what is sent twice is answered as what was sent once, and a used link is called used, never
broken.
"""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

import attrs
from starlette.requests import Request
from starlette.responses import Response

from leadnator_auth.domain import (
    AuthError,
    Client,
    FieldsError,
    LinkState,
    MailedLink,
    OverloadedError,
    Ports,
    TooManyRequestsError,
    UnavailableError,
)
from leadnator_auth.domain.values.fields import RawField
from leadnator_auth.domain.values.text import trimmed
from leadnator_auth.entrypoints.http.context import client_of, ports_of
from leadnator_auth.entrypoints.http.middleware.counting import note_refusal
from leadnator_auth.entrypoints.http.pages.rendering import PAGE_HEADERS, page
from leadnator_auth.entrypoints.http.problems import headers_of, problem_of
from leadnator_auth.entrypoints.http.reading.body import read_form
from leadnator_auth.entrypoints.http.security_events import log_refusal

TRY_AGAIN = "This is taking too long right now. Please try again in a moment."
_PASSING = (OverloadedError, TooManyRequestsError, UnavailableError)

Fields = tuple[RawField, ...]


@attrs.frozen
class LinkPage:
    """One such page; its template shows the states form, done, used, void and later."""

    path: str
    template: str
    asked: tuple[str, ...]
    """The fields of the form, beside the token, which it carries along."""
    look_at: Callable[..., Awaitable[MailedLink]]
    """The use case that takes the token, and says what it is good for."""
    act: Callable[[Fields, Client, Ports], Awaitable[None]]
    """Takes the token and what was asked for; an AuthError that does not concern a field says that the link is void."""
    was_done: Callable[[Fields, Client, Ports], Awaitable[bool]]
    """Returns whether these very fields did it before."""

    async def get(self, request: Request) -> Response:
        """Shows what the link is good for."""
        token = _token_in(request)
        if not token and "done" in request.query_params:
            return self._page(request, "done")
        try:
            link = await self.look_at(token, ports=ports_of(request))
        except UnavailableError as error:
            answer = self._page(request, "later", problem_of(error).status)
            answer.headers.update(headers_of(error))
            return answer
        if link.state is LinkState.USABLE:
            return self._form(request, token, link)
        if link.state is LinkState.USED:
            return self._page(request, "used")
        return self._page(request, "void", HTTPStatus.BAD_REQUEST)

    async def post(self, request: Request) -> Response:
        """Does it, and leads on to the page that says so."""
        token, *others = await read_form(request, "token", *self.asked)
        fields = (trimmed(token) if isinstance(token, str) else token, *others)
        try:
            await self.act(fields, client_of(request), ports_of(request))
        except AuthError as error:
            note_refusal(request, error)
            log_refusal(request, error)
            return await self._refusal(request, fields, error)
        return self._done()

    async def _refusal(self, request: Request, fields: Fields, error: AuthError) -> Response:
        token = fields[0]
        is_void = not isinstance(error, FieldsError | OverloadedError | TooManyRequestsError | UnavailableError)
        if is_void and await self._was_done(request, fields):
            return self._done()
        link = await self._look(request, token)
        if link.state is LinkState.USED:
            return self._page(request, "used", HTTPStatus.BAD_REQUEST)
        problems = _problems(error)
        if is_void or not problems or not isinstance(token, str):
            return self._page(request, "void", HTTPStatus.BAD_REQUEST)
        answer = self._form(request, token, link, problems, problem_of(error).status)
        answer.headers.update(headers_of(error))
        return answer

    async def _look(self, request: Request, token: RawField) -> MailedLink:
        try:
            return await self.look_at(token, ports=ports_of(request))
        except UnavailableError:
            return MailedLink(LinkState.VOID)

    async def _was_done(self, request: Request, fields: Fields) -> bool:
        try:
            return await self.was_done(fields, client_of(request), ports_of(request))
        except (FieldsError, *_PASSING):
            return False

    def _done(self) -> Response:
        headers = {"Location": f"{self.path.removeprefix('/')}?done", **PAGE_HEADERS}
        return Response(status_code=HTTPStatus.SEE_OTHER.value, headers=headers)

    def _form(
        self,
        request: Request,
        token: str,
        link: MailedLink,
        problems: Sequence[str] = (),
        status: HTTPStatus = HTTPStatus.OK,
    ) -> Response:
        address = link.address.typed if link.address else None
        return self._page(request, "form", status, token=token, address=address, problems=problems)

    def _page(self, request: Request, state: str, status: HTTPStatus = HTTPStatus.OK, **context: object) -> Response:
        return page(request, self.template, status, state=state, policy=ports_of(request).policy, **context)


def _token_in(request: Request) -> str:
    """Returns the token of a link without what copying adds at its ends, "" where there is none or more than one."""
    given = [token for token in map(trimmed, request.query_params.getlist("token")) if token]
    return given[0] if len(given) == 1 else ""


def _problems(error: AuthError) -> list[str]:
    if isinstance(error, FieldsError):
        return [field_error.message for field_error in error.errors if field_error.field != "token"]
    return [TRY_AGAIN] if isinstance(error, _PASSING) else []
