"""Certificates for mail servers in tests, and the authorities that issue them."""

import ssl
from datetime import datetime

import attrs
import trustme


@attrs.frozen
class Authorities:
    """One that is trusted and one that is not."""

    trusted: trustme.CA
    unknown: trustme.CA


def certificate(
    authority: trustme.CA, *names: str, not_before: datetime | None = None, not_after: datetime | None = None
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, not_before=not_before, not_after=not_after).configure_cert(context)
    return context
