"""The standard streams, which who started the process may have closed."""

import os
import sys

_STDERR = 2


def occupy_closed_streams() -> None:
    """Puts something in the place of each standard stream that is closed.

    The next file or connection would get its number, and what a library writes to stderr would get into that. To write
    to this stderr fails, as it does where the reader has gone, so that what is lost is counted.
    """
    for descriptor, stream in enumerate((sys.__stdin__, sys.__stdout__, sys.__stderr__)):
        if stream is None and not _is_open(descriptor):
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
            if descriptor == _STDERR:
                _break(descriptor)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _break(descriptor: int) -> None:
    """Makes it lead to a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.dup2(writing, descriptor)
    os.close(reading)
    os.close(writing)
