"""Ways in which all sessions of an account end; each is prepared, so that one call is left to be made."""

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import attrs
import httpx2

PASSWORD = "minimum-6-chars"
MAIL_SECONDS = 30.0
End = Callable[[], httpx2.Response]
Found = TypeVar("Found")


@attrs.frozen
class Account:
    """A new account, with the token of its sign-up."""

    id: str
    email: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What its requests carry."""
        return {"Authorization": f"Bearer {self.token}"}


def new_account(client: httpx2.Client) -> Account:
    """Returns an account that nobody else has."""
    email = f"a{time.time_ns()}@example.com"
    answer = client.post("/api/auth/signup", json={"name": "A", "email": email, "password": PASSWORD})
    signed_up = answer.raise_for_status().json()
    return Account(signed_up["user"]["id"], email, signed_up["token"])


def log_out(client: httpx2.Client, account: Account, admin: str, mails: Path) -> End:
    """Its owner logs out."""
    return lambda: client.post("/api/auth/logout", headers=account.headers)


def suspension(client: httpx2.Client, account: Account, admin: str, mails: Path) -> End:
    """An admin suspends it."""
    headers, body = {"Authorization": f"Bearer {admin}"}, {"status": "suspended"}
    return lambda: client.patch(f"/api/admin/users/{account.id}", headers=headers, json=body)


def reset(client: httpx2.Client, account: Account, admin: str, mails: Path) -> End:
    """Its owner sets a new password by the link that was mailed."""
    client.post("/api/auth/forgot-password", json={"email": account.email}).raise_for_status()
    body = {"token": _awaited(lambda: _mailed_token(account.email, mails)), "password": "another-password"}
    return lambda: client.post("/api/auth/reset-password", json=body)


ENDINGS: Mapping[str, Callable[[httpx2.Client, Account, str, Path], End]] = {
    "log-out": log_out,
    "suspension": suspension,
    "reset": reset,
}


def _mailed_token(email: str, mails: Path) -> str | None:
    for file in mails.glob("*.eml"):
        text = file.read_text("utf-8").replace("=\n", "")
        found = re.search(r"reset_[A-Za-z0-9_-]{43}", text) if email in text else None
        file.unlink()
        if found:
            return found.group()
    return None


def _awaited(look: Callable[[], Found | None]) -> Found:
    end = time.monotonic() + MAIL_SECONDS
    while time.monotonic() < end:
        if (found := look()) is not None:
            return found
        time.sleep(0.01)
    raise SystemExit("no mail came")
