"""Request ids, for the answer and the log: random, so that they tell nobody how many requests there were."""

import os
import sys
from secrets import token_hex

ID_BYTES = 8
_ID_LENGTH = 2 * ID_BYTES
_DRAWN_AT_ONCE = 256

# Drawn ahead: asking the system for each one would cost a request more than all of its routing.
_drawn: list[str] = []
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_drawn.clear)  # two processes must not give the same ids


def new_request_id() -> str:
    """Returns 64 random bits in hexadecimal; two equal ones are highly unlikely."""
    try:
        return _drawn.pop()
    except IndexError:
        digits = token_hex(_DRAWN_AT_ONCE * ID_BYTES)
        _drawn.extend(digits[start : start + _ID_LENGTH] for start in range(_ID_LENGTH, len(digits), _ID_LENGTH))
        return digits[:_ID_LENGTH]
