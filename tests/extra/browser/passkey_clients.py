"""Whoever uses passkeys: our authenticator without a browser, our part of a page, and a library that others wrote."""

from abc import abstractmethod
from typing import Any, Protocol

import attrs
import httpx2
from selenium.webdriver import Chrome

from leadnator_auth.testing import VirtualAuthenticator

Json = dict[str, Any]  # JSON: any value at any key

_OF_OURS = """
const [act, argument, done] = arguments;
import("/assets/passkeys.js")
  .then(part => part[act](...argument))
  .then(answer => done({answer}), error => done({refused: error.problem ? error.code : error.name}));
"""
_OF_SIMPLEWEBAUTHN = """
const [act, argument, done] = arguments;
const {startRegistration, startAuthentication} = SimpleWebAuthnBrowser;
async function called(path, token, body) {
  const headers = {"Content-Type": "application/json"};
  if (token) headers.Authorization = "Bearer " + token;
  const answer = await fetch("/api/auth/" + path, {method: "POST", headers, body: JSON.stringify(body || {})});
  const members = await answer.json();
  if (!answer.ok) throw members;
  return members;
}
const acts = {
  register: async ({token, name}) => {
    const {challenge_id, options} = await called("passkeys/registration/options", token);
    const credential = await startRegistration({optionsJSON: options});
    return (await called("passkeys", token, {challenge_id, credential, name})).passkey;
  },
  logIn: async () => {
    const {challenge_id, options} = await called("login/passkey/options");
    return called("login/passkey", null, {challenge_id, credential: await startAuthentication({optionsJSON: options})});
  },
  giveSecondFactor: async problem => {
    const credential = await startAuthentication({optionsJSON: problem.passkey.options});
    return called("login/second-factor", null, {challenge: problem.challenge, credential});
  },
  stepUp: async ({token}) => {
    const {challenge_id, options} = await called("step-up/options", token);
    const credential = await startAuthentication({optionsJSON: options});
    return called("step-up", token, {challenge_id, credential});
  },
};
acts[act](...argument)
  .then(answer => done({answer}), error => done({refused: error instanceof Error ? error.name : error.code}));
"""


class RefusedError(Exception):
    """The API refused, with a code, or the browser, with the name of its error."""


class PasskeyClient(Protocol):
    """Somebody with an authenticator; each method returns what the API answers, or raises RefusedError."""

    @abstractmethod
    def register(self, token: str, name: str) -> Json: ...
    @abstractmethod
    def log_in(self) -> Json: ...
    @abstractmethod
    def give_second_factor(self, problem: Json) -> Json: ...
    @abstractmethod
    def step_up(self, token: str) -> Json: ...


@attrs.frozen
class InPage:
    """A page in a browser, whose scripts do all of it."""

    browser: Chrome
    script: str

    def register(self, token: str, name: str) -> Json:
        return self._act("register", {"token": token, "name": name})

    def log_in(self) -> Json:
        return self._act("logIn")

    def give_second_factor(self, problem: Json) -> Json:
        return self._act("giveSecondFactor", problem)

    def step_up(self, token: str) -> Json:
        return self._act("stepUp", {"token": token})

    def _act(self, act: str, *arguments: Json) -> Json:
        outcome: Json = self.browser.execute_async_script(self.script, act, list(arguments))
        if "refused" in outcome:
            raise RefusedError(outcome["refused"])
        answer: Json = outcome["answer"]
        return answer


def with_our_part(browser: Chrome) -> InPage:
    """Returns a page with our script."""
    return InPage(browser, _OF_OURS)


def with_simplewebauthn(browser: Chrome) -> InPage:
    """Returns a page with the library."""
    return InPage(browser, _OF_SIMPLEWEBAUTHN)


@attrs.frozen
class WithoutBrowser:
    """Our authenticator, over HTTP."""

    origin: str
    authenticator: VirtualAuthenticator

    def register(self, token: str, name: str) -> Json:
        asked = self._called("passkeys/registration/options", token)
        credential = self.authenticator.create(asked["options"])
        body = {"challenge_id": asked["challenge_id"], "credential": credential, "name": name}
        passkey: Json = self._called("passkeys", token, body)["passkey"]
        return passkey

    def log_in(self) -> Json:
        asked = self._called("login/passkey/options")
        return self._called("login/passkey", body=self._used(asked))

    def give_second_factor(self, problem: Json) -> Json:
        credential = self.authenticator.get(problem["passkey"]["options"])
        return self._called("login/second-factor", body={"challenge": problem["challenge"], "credential": credential})

    def step_up(self, token: str) -> Json:
        return self._called("step-up", token, self._used(self._called("step-up/options", token)))

    def _used(self, asked: Json) -> Json:
        return {"challenge_id": asked["challenge_id"], "credential": self.authenticator.get(asked["options"])}

    def _called(self, path: str, token: str = "", body: Json | None = None) -> Json:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = httpx2.post(f"{self.origin}/api/auth/{path}", headers=headers, json=body or {})
        members: Json = answer.json()
        if answer.status_code != 200:
            raise RefusedError(members["code"])
        return members
