"""What somebody is handed who is yet to prove something: they come back with it, and with the answer."""

from datetime import datetime

import attrs


@attrs.frozen
class Challenge:
    """The secret of a one-time token, in the hands of whoever is to answer it; the same for all that is asked so."""

    secret: str = attrs.field(repr=False)
    expires_at: datetime
