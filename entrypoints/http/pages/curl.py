"""The curl command of an operation, to be copied into a shell as it is."""

import json
import re
from collections.abc import Mapping
from typing import Any

import attrs

from leadnator_auth.entrypoints.http.openapi.operation import Operation
from leadnator_auth.entrypoints.http.reading.body import FORM

VARIABLE = re.compile(r"\$([A-Z][A-Z_]*)")
_PARAMETER = re.compile(r"([^/]*)/\{(\w+)\}")


@attrs.frozen
class ShellVariable:
    """What a snippet reads, and how to set it."""

    name: str
    explanation: str
    command: str


def curl(operation: Operation, base_url: str) -> str:
    """Returns the command that sends the example of an operation, an option a line.

    What no example can know is a shell variable: the token, the id of a session, the secret of a mailed link.
    """
    lines = [f"curl {_quoted_url(base_url, operation.path)}"]
    if operation.method != "GET":
        lines.append(f"-X {operation.method}")
    if operation.needs_token:
        lines.append(f'-H "Authorization: Bearer ${"TOKEN" if operation.scope is None else "API_KEY"}"')
    if operation.example_body is not None and operation.body_type == FORM:
        filled = {**operation.example_body, **{name: f"${each}" for name, each in operation.variables.items()}}
        lines += [f'-d "{name}={value}"' for name, value in filled.items()]
    elif operation.example_body is not None:
        lines.append("-H 'Content-Type: application/json'")
        lines.append(f"-d {_quoted_body(operation.example_body, operation.variables)}")
    return " \\\n  ".join(lines)


def shell_variables(operations: Mapping[str, Operation], base_url: str) -> list[ShellVariable]:
    """Returns the variables in the snippets of these operations, which are given by name, in the order to set them."""
    log_in, sign_up, sessions, ask_for_code = (
        operations[name] for name in ("log_in", "sign_up", "list_sessions", "log_in_code")
    )
    keys, new_key = operations["list_api_keys"], operations["create_api_key"]
    webhooks, test = operations["list_webhooks"], operations["send_test_event"]
    exchange, set_up, new_codes = (
        operations[name] for name in ("create_token_pair", "set_up_totp", "make_recovery_codes")
    )
    bob = {"name": "Bob", "email": "bob@example.com", "password": "minimum-6-chars"}
    known = (
        ShellVariable(
            "TOKEN",
            "The token of a log-in, once Alice has signed up.",
            _assigned("TOKEN", curl(log_in, base_url), _member("token")),
        ),
        ShellVariable(
            "SESSION_ID",
            "The oldest session of the user.",
            _assigned("SESSION_ID", curl(sessions, base_url), _id_in_answer("s_")),
        ),
        ShellVariable(
            "API_KEY_ID",
            "The oldest API key of the user.",
            _assigned("API_KEY_ID", curl(keys, base_url), _id_in_answer("k_")),
        ),
        ShellVariable(
            "PASSKEY_ID",
            "The oldest passkey of the user.",
            _assigned("PASSKEY_ID", curl(operations["list_passkeys"], base_url), _id_in_answer("p_")),
        ),
        ShellVariable(
            "API_KEY",
            "A new API key, which may do this; for an administrator to make.",
            _assigned(
                "API_KEY",
                curl(
                    attrs.evolve(new_key, example_body={"name": "gateway", "scopes": ["introspect", "revocations"]}),
                    base_url,
                ),
                _member("secret"),
            ),
        ),
        ShellVariable(
            "REFRESH_TOKEN",
            "The refresh token of a pair, for a log-in of its own: $TOKEN stays what it is.",
            f"REFRESH_TOKEN=$({_assigned('TOKEN', curl(log_in, base_url), _member('token'))}\n"
            f"{_quiet(curl(exchange, base_url))} |\n  {_member('refresh_token')})",
        ),
        ShellVariable(
            "USER_ID",
            "Another user, for an administrator to work on.",
            _assigned("USER_ID", curl(attrs.evolve(sign_up, example_body=bob), base_url), _id_in_answer("u_")),
        ),
        ShellVariable(
            "WEBHOOK_ID",
            "The oldest webhook.",
            _assigned("WEBHOOK_ID", curl(webhooks, base_url), _id_in_answer("wh_")),
        ),
        ShellVariable(
            "DELIVERY_ID",
            "Something that is on its way to that webhook.",
            _assigned("DELIVERY_ID", curl(test, base_url), _id_in_answer("d_")),
        ),
        ShellVariable(
            "VERIFY_TOKEN",
            "What the link ends in that was mailed after a sign-up. Without a mail server each mail is a file beside "
            "the database.",
            _mailed("VERIFY_TOKEN", "verify_"),
        ),
        ShellVariable(
            "CHALLENGE",
            "What has to come back with the code.",
            _assigned("CHALLENGE", curl(ask_for_code, base_url), _member("challenge")),
        ),
        ShellVariable(
            "CODE",
            "The code in the last mail.",
            "CODE=$(ls -tr mail/*.eml |\n  xargs grep -ohE '^[0-9]{6}' | tail -n 1)",
        ),
        ShellVariable(
            "TOTP_CODE",
            "What the app shows; here oathtool is the app.",
            f"""TOTP_CODE=$(oathtool --totp -b "$({_quiet(curl(set_up, base_url))} |\n  {_member("secret")})")""",
        ),
        ShellVariable(
            "RECOVERY_CODE",
            "One of ten new recovery codes.",
            _assigned("RECOVERY_CODE", curl(new_codes, base_url), r"""sed 's/.*\["\([^"]*\)".*/\1/'"""),
        ),
        ShellVariable(
            "MFA_CHALLENGE",
            "What the log-in answers where there is a second factor.",
            _assigned("MFA_CHALLENGE", curl(log_in, base_url), _member("challenge")),
        ),
        ShellVariable("RESET_TOKEN", "What the link ends in that was asked for.", _mailed("RESET_TOKEN", "reset_")),
        ShellVariable(
            "EMAIL_TOKEN", "What the link ends in that was mailed to a new address.", _mailed("EMAIL_TOKEN", "email_")
        ),
        ShellVariable(
            "UNDO_TOKEN", "What the link ends in that was mailed to the old one.", _mailed("UNDO_TOKEN", "undo_")
        ),
    )
    used = {name for operation in operations.values() for name in VARIABLE.findall(curl(operation, base_url))}
    return [variable for variable in known if variable.name in used]


def _assigned(name: str, command: str, filter_command: str) -> str:
    return f"{name}=$({_quiet(command)} |\n  {filter_command})"


def _quiet(command: str) -> str:
    return command.replace("curl", "curl -s", 1)


def _mailed(name: str, prefix: str) -> str:
    """Returns the command that finds the last secret with this prefix in a mail."""
    return f"{name}=$(ls -tr mail/*.eml |\n  xargs grep -oh '{prefix}[A-Za-z0-9_-]\\{{43\\}}' | tail -n 1)"


def _member(name: str) -> str:
    """Returns the command that prints a member of a line of JSON."""
    return rf"""sed -n 's/.*"{name}":"\([^"]*\)".*/\1/p'"""


def _id_in_answer(prefix: str) -> str:
    """Returns the command that prints the last id with this prefix in a line of JSON."""
    return rf"""sed -n 's/.*"id":"\({prefix}[^"]*\)".*/\1/p'"""


def _quoted_url(base_url: str, path: str) -> str:
    """Returns a URL whose path's parameters are variables named after what they identify: $SESSION_ID in /sessions/."""
    if "{" not in path:
        return _single_quoted(base_url + path)
    literal = re.sub(r'([\\"$`])', r"\\\1", base_url)
    return '"' + literal + _PARAMETER.sub(_variable_in_path, path) + '"'


def _variable_in_path(match: re.Match[str]) -> str:
    collection, parameter = match.groups()
    owner = f"{collection.removesuffix('s').replace('-', '_')}_" if parameter == "id" else ""
    return f"{collection}/${owner.upper()}{parameter.upper()}"


def _quoted_body(body: Mapping[str, Any], variables: Mapping[str, str]) -> str:  # JSON: any value
    filled = {**body, **{member: f"${variable}" for member, variable in variables.items()}}
    text = _single_quoted(json.dumps(filled, ensure_ascii=False, separators=(",", ":")))
    for variable in variables.values():
        text = text.replace(f'"${variable}"', f'"\'"${variable}"\'"')
    return text


def _single_quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
