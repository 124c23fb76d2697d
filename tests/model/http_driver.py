"""Sends requests to the application, in process."""

import asyncio
from typing import Any

import attrs
import httpx2

from tests.model.answers import OK, Answer


@attrs.frozen
class HttpDriver:
    """A Driver over HTTP."""

    client: httpx2.AsyncClient
    runner: asyncio.Runner

    def sign_up(self, email: str, password: str) -> Answer:
        return self._signed_in("signup", {"name": "Somebody", "email": email, "password": password})

    def log_in(self, email: str, password: str) -> Answer:
        return self._signed_in("login", {"email": email, "password": password})

    def log_in_with_second_factor(self, challenge: str, code: str) -> Answer:
        return self._signed_in("login/second-factor", {"challenge": challenge, "code": code})

    def set_up_totp(self, token: str) -> Answer:
        answer = self._send("POST", "/api/auth/totp", token)
        return answer if answer.code != OK else Answer(OK, answer.value["secret"])

    def confirm_totp(self, token: str, code: str) -> Answer:
        answer = self._send("POST", "/api/auth/totp/confirm", token, {"code": code})
        return answer if answer.code != OK else Answer(OK, answer.value["recovery_codes"])

    def remove_totp(self, token: str) -> Answer:
        return self._send("DELETE", "/api/auth/totp", token)

    def me(self, token: str) -> Answer:
        answer = self._send("GET", "/api/auth/me", token)
        if answer.code != OK:
            return answer
        user = answer.value["user"]
        return Answer(OK, tuple(user[key] for key in ("id", "name", "email", "role", "plan")))

    def log_out(self, token: str, scope: str) -> Answer:
        return self._send("POST", f"/api/auth/logout?scope={scope}", token)

    def sessions(self, token: str) -> Answer:
        answer = self._send("GET", "/api/auth/sessions", token)
        if answer.code != OK:
            return answer
        return Answer(OK, {session["id"]: session["is_current"] for session in answer.value["sessions"]})

    def end_session(self, token: str, session_id: str) -> Answer:
        return self._send("DELETE", f"/api/auth/sessions/{session_id}", token)

    def change_password(self, token: str, current: str, password: str) -> Answer:
        body = {"current_password": current, "password": password}
        return self._send("POST", "/api/auth/change-password", token, body)

    def forgot_password(self, email: str) -> Answer:
        return self._send("POST", "/api/auth/forgot-password", None, {"email": email})

    def reset_password(self, secret: str, password: str) -> Answer:
        return self._send("POST", "/api/auth/reset-password", None, {"token": secret, "password": password})

    def verify_email(self, secret: str) -> Answer:
        return self._send("POST", "/api/auth/verify-email", None, {"token": secret})

    def resend_verification(self, token: str) -> Answer:
        return self._send("POST", "/api/auth/resend-verification", token)

    def change_email(self, token: str, email: str) -> Answer:
        return self._send("POST", "/api/auth/change-email", token, {"email": email})

    def confirm_email(self, secret: str) -> Answer:
        return self._send("POST", "/api/auth/confirm-email", None, {"token": secret})

    def undo_email_change(self, secret: str) -> Answer:
        return self._send("POST", "/api/auth/undo-email-change", None, {"token": secret})

    def change_user(self, token: str, user_id: str, changes: dict[str, str]) -> Answer:
        answer = self._send("PATCH", f"/api/admin/users/{user_id}", token, changes)
        if answer.code != OK:
            return answer
        user = answer.value["user"]
        return Answer(OK, (user["status"], user["role"], user["plan"]))

    def delete_user(self, token: str, user_id: str) -> Answer:
        return self._send("DELETE", f"/api/admin/users/{user_id}", token)

    def list_users(self, token: str) -> Answer:
        answer = self._send("GET", "/api/admin/users?limit=100", token)
        return answer if answer.code != OK else Answer(OK, {user["email"] for user in answer.value["users"]})

    def list_changes(self, token: str, user_id: str) -> Answer:
        answer = self._send("GET", f"/api/admin/events?user_id={user_id}&limit=100", token)
        if answer.code != OK:
            return answer
        return Answer(
            OK, sorted((e["actor"], e["type"]) for e in answer.value["events"] if e["type"].startswith("user."))
        )

    def _signed_in(self, operation: str, body: dict[str, str]) -> Answer:
        answer = self._send("POST", f"/api/auth/{operation}", None, body)
        return answer if answer.code != OK else Answer(OK, (answer.value["user"]["id"], answer.value["token"]))

    def _send(self, method: str, path: str, token: str | None, body: Any = None) -> Answer:  # JSON is of any type
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        answer = self.runner.run(self.client.request(method, path, json=body, headers=headers))
        content = answer.json()
        return Answer(OK, content) if answer.is_success else Answer(content["code"], content.get("challenge"))
