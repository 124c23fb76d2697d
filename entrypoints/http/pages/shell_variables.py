"""The variables that the curl commands of the reference page read, and the commands that set them."""

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from leadnator_auth.entrypoints.http.openapi.operation import Operation
from leadnator_auth.entrypoints.http.pages.curl import VARIABLE, curl


@attrs.frozen
class ShellVariable:
    """What a snippet reads, and how to set it."""

    name: str
    explanation: str
    command: str


def shell_variables(operations: Mapping[str, Operation], base_url: str) -> list[ShellVariable]:
    """Returns the variables in the snippets of these operations, which are given by name, in the order to set them."""

    def ask(name: str) -> str:
        operation = operations[name]
        body = _BODIES.get(name, operation.example_body)
        return curl(attrs.evolve(operation, example_body=body), base_url).replace("curl", "curl -s", 1)

    used = {name for operation in operations.values() for name in VARIABLE.findall(curl(operation, base_url))}
    return [
        ShellVariable(name, explanation, f"{name}=$({value(ask)})")
        for name, explanation, value in _KNOWN
        if name in used
    ]


Ask = Callable[[str], str]
"""Returns the command that sends an operation, and prints the answer alone."""
Value = Callable[[Ask], str]
"""Returns the command that prints the value of a variable."""


def _answer(operation: str, filter_command: str) -> Value:
    return lambda ask: f"{ask(operation)} |\n  {filter_command}"


def _last_mailed(pattern: str) -> Value:
    """Returns the command that prints what was mailed last of this pattern."""
    return lambda ask: f"ls -tr mail/*.eml |\n  xargs grep {pattern} | tail -n 1"


def _secret(prefix: str) -> Value:
    return _last_mailed(f"-oh '{prefix}[A-Za-z0-9_-]\\{{43\\}}'")


def _member(name: str) -> str:
    """Returns the command that prints a member of a line of JSON."""
    return rf"""sed -n 's/.*"{name}":"\([^"]*\)".*/\1/p'"""


def _id(prefix: str) -> str:
    """Returns the command that prints the last id with this prefix in a line of JSON."""
    return rf"""sed -n 's/.*"id":"\({prefix}[^"]*\)".*/\1/p'"""


def _refresh_token(ask: Ask) -> str:
    token = _answer("log_in", _member("token"))(ask)
    return f"TOKEN=$({token})\n{_answer('create_token_pair', _member('refresh_token'))(ask)}"


def _code_of_app(ask: Ask) -> str:
    return f'oathtool --totp -b "$({_answer("set_up_totp", _member("secret"))(ask)})"'


_BODIES: Mapping[str, Mapping[str, Any]] = {  # JSON: any value
    "create_api_key": {"name": "gateway", "scopes": ["introspect", "revocations"]},
    "sign_up": {"name": "Bob", "email": "bob@example.com", "password": "minimum-6-chars"},
}
"""What is sent where the example of the operation would not do."""

_KNOWN: tuple[tuple[str, str, Value], ...] = (
    ("TOKEN", "The token of a log-in, once Alice has signed up.", _answer("log_in", _member("token"))),
    ("SESSION_ID", "The oldest session of the user.", _answer("list_sessions", _id("s_"))),
    ("API_KEY_ID", "The oldest API key of the user.", _answer("list_api_keys", _id("k_"))),
    ("PASSKEY_ID", "The oldest passkey of the user.", _answer("list_passkeys", _id("p_"))),
    (
        "API_KEY",
        "A new API key, which may do this; for an administrator to make.",
        _answer("create_api_key", _member("secret")),
    ),
    (
        "REFRESH_TOKEN",
        "The refresh token of a pair, for a log-in of its own: $TOKEN stays what it is.",
        _refresh_token,
    ),
    ("USER_ID", "Another user, for an administrator to work on.", _answer("sign_up", _id("u_"))),
    ("WEBHOOK_ID", "The oldest webhook.", _answer("list_webhooks", _id("wh_"))),
    ("DELIVERY_ID", "Something that is on its way to that webhook.", _answer("send_test_event", _id("d_"))),
    (
        "VERIFY_TOKEN",
        (
            "What the link ends in that was mailed after a sign-up. "
            "Without a mail server each mail is a file beside the database."
        ),
        _secret("verify_"),
    ),
    ("CHALLENGE", "What has to come back with the code.", _answer("log_in_code", _member("challenge"))),
    ("CODE", "The code in the last mail.", _last_mailed("-ohE '^[0-9]{6}'")),
    ("TOTP_CODE", "What the app shows; here oathtool is the app.", _code_of_app),
    (
        "RECOVERY_CODE",
        "One of ten new recovery codes.",
        _answer("make_recovery_codes", r"""sed 's/.*\["\([^"]*\)".*/\1/'"""),
    ),
    (
        "MFA_CHALLENGE",
        "What the log-in answers where there is a second factor.",
        _answer("log_in", _member("challenge")),
    ),
    ("RESET_TOKEN", "What the link ends in that was asked for.", _secret("reset_")),
    ("EMAIL_TOKEN", "What the link ends in that was mailed to a new address.", _secret("email_")),
    ("UNDO_TOKEN", "What the link ends in that was mailed to the old one.", _secret("undo_")),
)
