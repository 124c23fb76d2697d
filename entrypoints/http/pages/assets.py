"""Style and script of the pages, served from here: nothing of a page comes from anybody else."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from leadnator_auth.entrypoints.http.openapi.operation import Handler

FOLDER = Path(__file__).with_name("files")


def asset(name: str, media_type: str) -> Handler:
    """Returns the handler of one file, which browsers may keep for an hour."""
    content = (FOLDER / name).read_bytes()

    async def get_asset(request: Request) -> Response:
        return Response(content, media_type=media_type, headers={"Cache-Control": "public, max-age=3600"})

    return get_asset
