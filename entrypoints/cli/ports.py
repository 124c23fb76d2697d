"""The ports that a command works with."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from leadnator_auth.domain import Ports
from leadnator_auth.entrypoints.settings import Settings


@asynccontextmanager
async def ports_in_force(*, check_keys: bool = True) -> AsyncIterator[Ports]:
    """Opens what the settings in the environment say, the schema brought up to date first.

    `check_keys` is as for `prepare`.

    Raises: SettingError, StartError.
    """
    from leadnator_auth.entrypoints.compose.ports import open_ports, prepare

    settings = Settings.read(os.environ)
    prepare(settings, check_keys=check_keys)
    async with open_ports(settings) as ports:
        yield ports
