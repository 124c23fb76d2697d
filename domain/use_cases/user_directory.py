"""Looking at the accounts of others, and at their events."""

from leadnator_auth.domain.entities.actor import Actor
from leadnator_auth.domain.entities.event import HAPPENINGS, Event, EventFilter, EventType
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.errors import InvalidPageError
from leadnator_auth.domain.ports import Ports
from leadnator_auth.domain.use_cases.steps.authorize import UserRef, check_right, get_user
from leadnator_auth.domain.values.ids import UserId
from leadnator_auth.domain.values.paging import DEFAULT_PAGE_LENGTH, Page, Position, requested_page
from leadnator_auth.domain.values.search import parse_search
from leadnator_auth.domain.values.text import is_storable


async def list_users(
    actor: Actor, query: str = "", limit: int = DEFAULT_PAGE_LENGTH, cursor: str | None = None, *, ports: Ports
) -> Page[User]:
    """Returns a page of the accounts whose name or e-mail address contains `query`, or whose id it is; newest first.

    Letter case does not matter, and an empty query finds all. Going from page to page by `next_cursor` shows no
    account twice and misses none, whoever signs up meanwhile.

    Raises: ForbiddenError, InvalidTokenError, InvalidPageError.
    """
    async with ports.unit_of_work.snapshot() as repositories:
        await check_right(actor, repositories)
        request = requested_page(limit, cursor)
        users = await repositories.users.page(parse_search(query), request.limit_with_next, request.after)
    return request.page(users, lambda user: Position(user.created_at, user.id))


async def show_user(actor: Actor, user_ref: UserRef, *, ports: Ports) -> User:
    """Returns an account.

    Raises: ForbiddenError, InvalidTokenError, NotFoundError.
    """
    async with ports.unit_of_work.snapshot() as repositories:
        await check_right(actor, repositories)
        return await get_user(user_ref, repositories)


async def list_events(
    actor: Actor,
    user_id: str | None = None,
    event_type: str | None = None,
    limit: int = DEFAULT_PAGE_LENGTH,
    cursor: str | None = None,
    *,
    ports: Ports,
) -> Page[Event]:
    """Returns a page of the events of one account, which may be gone, or of all; of one type or of all; newest first.

    Raises: ForbiddenError, InvalidTokenError, InvalidPageError.
    """
    async with ports.unit_of_work.snapshot() as repositories:
        await check_right(actor, repositories)
        request = requested_page(limit, cursor)
        if user_id is not None and not is_storable(user_id):
            raise InvalidPageError("user_id")
        wanted = EventFilter(None if user_id is None else UserId(user_id), _event_type(event_type))
        events = await repositories.events.latest(wanted, request.limit_with_next, request.after)
    return request.page(events, _position_of)


def _event_type(text: str | None) -> EventType | None:
    if text is None:
        return None
    if text not in HAPPENINGS:
        raise InvalidPageError("type")
    return EventType(text)


def _position_of(event: Event) -> Position:
    return Position(event.at, event.id)
