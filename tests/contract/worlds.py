"""Entities for tests: those of the published contract suites."""

from leadnator_auth.adapters.contract.samples import (
    HOUR,
    NOW,
    a_mail,
    a_session,
    a_token,
    a_user,
    an_entry,
    some_credentials,
)

__all__ = ["HOUR", "NOW", "a_mail", "a_session", "a_token", "a_user", "an_entry", "some_credentials"]
