"""The ceiling: a Starlette route that answers what our `me` answers, and does nothing for it."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

_USER = {
    "id": "u_0123456789abcdefghijkl",
    "name": "User 123",
    "email": "user-123@example.com",
    "role": "user",
    "plan": "Starter",
}


async def get_me(request: Request) -> JSONResponse:
    return JSONResponse({"user": _USER})


app = Starlette(routes=[Route("/api/auth/me", get_me)])
