"""The settings: what an operator decides, read from the environment or given as arguments."""

from leadnator_auth.entrypoints.settings.errors import SettingError, StartError
from leadnator_auth.entrypoints.settings.names import PREFIX
from leadnator_auth.entrypoints.settings.settings import Settings

__all__ = ["PREFIX", "SettingError", "Settings", "StartError"]
