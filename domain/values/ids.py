"""Ids: a prefix that names the kind of thing, and random bytes that nobody can guess."""

from typing import NewType

UserId = NewType("UserId", str)
SessionId = NewType("SessionId", str)
EventId = NewType("EventId", str)
ApiKeyId = NewType("ApiKeyId", str)
PasskeyId = NewType("PasskeyId", str)
WebhookId = NewType("WebhookId", str)
FactorId = NewType("FactorId", str)

ID_BYTES = 16
USER_ID_PREFIX = "u_"
SESSION_ID_PREFIX = "s_"
MAIL_ID_PREFIX = "m_"
EVENT_ID_PREFIX = "e_"
API_KEY_ID_PREFIX = "k_"
PASSKEY_ID_PREFIX = "p_"
WEBHOOK_ID_PREFIX = "wh_"
DELIVERY_ID_PREFIX = "d_"
FACTOR_ID_PREFIX = "f_"
NOBODY = UserId(USER_ID_PREFIX)
"""An id that no account has: a look-up by it costs what any other look-up costs."""
