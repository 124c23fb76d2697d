"""Webhooks: who wants to be told of events over HTTP, and which secrets sign what they are told.

The secrets are derived from a master key and are nowhere kept; a webhook knows by which names to derive them again.
"""

from datetime import datetime, timedelta

import attrs

from leadnator_auth.domain.entities.event import HAPPENINGS, EventType
from leadnator_auth.domain.values.fields import BadFieldError, RawField, missing
from leadnator_auth.domain.values.ids import WebhookId
from leadnator_auth.domain.values.text import is_control, stripped

MAX_WEBHOOKS = 20
MAX_DESCRIPTION_LENGTH = 200
ROTATION_PERIOD = timedelta(hours=24)
"""For how long a secret that was replaced signs beside its successor (Standard Webhooks 1.0)."""


@attrs.frozen
class SecretName:
    """What a secret is derived by: the id of a master key, and a label that is for this secret alone."""

    key_id: str
    label: str


@attrs.frozen
class Webhook:
    """A receiver of events. Whether it is enabled and which events it wants is in its subscription of the same id."""

    id: WebhookId
    url: str
    description: str
    created_at: datetime
    key_id: str
    """The id of the master key that its secret is derived from."""
    generation: int = 1
    """Which of its secrets is in force: each rotation makes the next one."""
    former_key_id: str | None = None
    """The master key of the secret before this one, after a rotation."""
    former_until: datetime | None = None
    """The end of the time in which the secret before this one signs, too."""

    @property
    def secret_name(self) -> SecretName:
        """The name of the secret in force."""
        return self._name(self.key_id, self.generation)

    def former_secret_name(self, now: datetime) -> SecretName | None:
        """Returns the name of the secret before the one in force while that signs, too."""
        if self.former_key_id is None or self.former_until is None or now >= self.former_until:
            return None
        return self._name(self.former_key_id, self.generation - 1)

    def rotated(self, key_id: str, now: datetime) -> "Webhook":
        """Returns it with a new secret of this master key, beside which the present one signs for 24 hours."""
        return attrs.evolve(
            self,
            key_id=key_id,
            generation=self.generation + 1,
            former_key_id=self.key_id,
            former_until=now + ROTATION_PERIOD,
        )

    def _name(self, key_id: str, generation: int) -> SecretName:
        return SecretName(key_id, f"webhook:{self.id}:{generation}")


def parse_description(text: str) -> str:
    """Returns what an administrator notes about a webhook, without surrounding white space.

    Raises: BadFieldError when it has over 200 characters or a control character.
    """
    line = stripped(text)
    if len(line) > MAX_DESCRIPTION_LENGTH:
        raise BadFieldError("too_long", f"Use at most {MAX_DESCRIPTION_LENGTH} characters.")
    if any(is_control(character) for character in line):
        raise BadFieldError("invalid_characters", "Control characters are not allowed.")
    return line


def parse_event_types(value: RawField) -> frozenset[EventType]:
    """Returns the types of events in a list; none of them stands for all.

    Raises: BadFieldError when it is no list, or has something in it that is no type of event.
    """
    if value is None:
        raise missing()
    if not isinstance(value, list | tuple):
        raise BadFieldError("wrong_type", "This must be a list of types of events.")
    if any(not isinstance(each, str) or each not in HAPPENINGS for each in value):
        raise BadFieldError("unknown_value", f"Use some of: {', '.join(HAPPENINGS)}.")
    return frozenset(map(EventType, value))
