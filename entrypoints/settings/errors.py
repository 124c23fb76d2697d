"""Errors that keep the program from starting."""


class StartError(Exception):
    """The program cannot start; the message says why in one line."""

    def __init__(self, reason: str = "The program cannot start.") -> None:
        super().__init__(reason)


class SettingError(ValueError):
    """A setting has a value it cannot have; the message names it, what it got and what it takes, in one line."""

    def __init__(self, reason: str = "A setting has a value it cannot have.") -> None:
        super().__init__(reason)


class FileError(ValueError):
    """A file that a setting names cannot be used; the message says why, without the name of the file."""
