"""A FastAPI application whose routes ask for the user by a dependency, beside the mounted accounts."""

import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import Depends, FastAPI

from leadnator_auth.domain import Ports, Role
from leadnator_auth.entrypoints.embedding import Settings
from leadnator_auth.integrations.fastapi import CurrentIdentity, OptionalIdentity, mount_accounts, require_role


def build(source: Settings | Callable[[], AbstractAsyncContextManager[Ports]]) -> FastAPI:
    """Returns the application; `source` opens the ports while it is served."""
    app = FastAPI()
    mount_accounts(app, source, prefix="/accounts")

    @app.get("/")
    async def welcome(identity: OptionalIdentity) -> dict[str, str]:
        return {"welcome": identity.user.name if identity else "stranger"}

    @app.get("/notes")
    async def notes(identity: CurrentIdentity) -> dict[str, str]:
        return {"owner": identity.user.name}

    @app.get("/statistics", dependencies=[Depends(require_role(Role.ADMIN))])
    async def statistics() -> dict[str, int]:
        return {"notes": 0}

    return app


app = build(Settings.read(os.environ))
