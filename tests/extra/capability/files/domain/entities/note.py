"""The note that the owner of an account writes about it."""

from datetime import datetime

import attrs

from leadnator_auth.domain.values.fields import BadFieldError, missing
from leadnator_auth.domain.values.ids import UserId
from leadnator_auth.domain.values.text import is_blank

MAX_NOTE_LENGTH = 500


@attrs.frozen
class Note:
    """The one note of an account."""

    user_id: UserId
    text: str
    changed_at: datetime


def parse_note(text: str) -> str:
    """Returns the text of a note as it is.

    Raises: BadFieldError when nothing of it can be seen, or it is over 500 characters.
    """
    if is_blank(text):
        raise missing()
    if len(text) > MAX_NOTE_LENGTH:
        raise BadFieldError("too_long", f"Use at most {MAX_NOTE_LENGTH} characters.")
    return text
