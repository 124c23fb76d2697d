"""What keeps the program from starting."""


class StartError(Exception):
    """The program cannot start; the message says why in one line."""
