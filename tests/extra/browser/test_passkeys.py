"""Passkeys of the real browser, whose own virtual authenticator answers our options on a page of http://localhost."""

import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions

from leadnator_auth.adapters.fido2_passkeys import Fido2Passkeys
from leadnator_auth.domain import InvalidPasskeyError, Passkey, PasskeyAssertion, PasskeyId
from leadnator_auth.domain.entities.passkey import user_handle_of
from leadnator_auth.testing.contract.samples import NOW, a_user

ALICE = a_user()
MAKING, USING = b"c" * 32, b"d" * 32
CREATE = """
const [options, done] = arguments;
navigator.credentials.create({publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options)})
  .then(credential => done(credential.toJSON()), error => done({refused: error.name}));
"""
GET = """
const [options, done] = arguments;
navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options)})
  .then(credential => done(credential.toJSON()), error => done({refused: error.name}));
"""


class EmptyPage(BaseHTTPRequestHandler):
    """A page with nothing on it, whose origin is all that counts."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><html lang=en><title>Passkeys</title>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name it has there)
        """Says nothing."""


@pytest.fixture
def origin() -> Iterator[str]:
    """The origin of a page that a browser takes for secure."""
    with ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def page(browser: Chrome, origin: str) -> Chrome:
    """The page, in a browser that has an authenticator which verifies its user."""
    options = VirtualAuthenticatorOptions()
    options.protocol = VirtualAuthenticatorOptions.Protocol.CTAP2
    options.transport = VirtualAuthenticatorOptions.Transport.INTERNAL
    options.has_resident_key = options.has_user_verification = options.is_user_verified = True
    browser.add_virtual_authenticator(options)
    browser.get(origin)
    return browser


@pytest.fixture
def ceremony(origin: str) -> Fido2Passkeys:
    """The ceremonies for that page."""
    return Fido2Passkeys("localhost", "Example", [origin])


def create(page: Chrome, options: Mapping[str, object]) -> dict[str, Any]:
    answer: dict[str, Any] = page.execute_async_script(CREATE, json.loads(json.dumps(options)))
    return answer


def get(page: Chrome, options: Mapping[str, object]) -> dict[str, Any]:
    answer: dict[str, Any] = page.execute_async_script(GET, json.loads(json.dumps(options)))
    return answer


def registered(page: Chrome, ceremony: Fido2Passkeys) -> Passkey:
    answer = create(page, ceremony.registration_options(ALICE, MAKING, ()))
    return Passkey.made_of(ceremony.verify_registration(answer, MAKING), PasskeyId("p_1"), ALICE, "", NOW)


def verified(answer: dict[str, Any], ceremony: Fido2Passkeys, passkey: Passkey) -> PasskeyAssertion:
    return ceremony.verify_assertion(answer, USING, passkey)


def test_a_passkey_of_a_browser_is_registered_and_used(page: Chrome, ceremony: Fido2Passkeys) -> None:
    passkey = registered(page, ceremony)
    assert passkey.transports == ("internal",)
    for options in (ceremony.assertion_options(USING), ceremony.assertion_options(USING, [passkey])):
        answer = get(page, options)
        assert ceremony.credential_id(answer) == passkey.credential_id
        assertion = verified(answer, ceremony, passkey)
        assert assertion.user_handle == user_handle_of(ALICE.id)
        passkey = passkey.used_by(assertion, NOW, is_user_known=False)
    assert passkey.sign_count > 0


def test_a_browser_that_has_one_makes_no_other(page: Chrome, ceremony: Fido2Passkeys) -> None:
    passkey = registered(page, ceremony)
    answer = create(page, ceremony.registration_options(ALICE, MAKING, [passkey]))
    assert answer == {"refused": "InvalidStateError"}


def test_a_browser_signs_for_its_own_page_alone(page: Chrome, ceremony: Fido2Passkeys) -> None:
    passkey = registered(page, ceremony)
    answer = get(page, ceremony.assertion_options(USING))
    elsewhere = Fido2Passkeys("localhost", "Example", ["https://localhost"])
    with pytest.raises(InvalidPasskeyError, match="origin"):
        elsewhere.verify_assertion(answer, USING, passkey)
    others = Fido2Passkeys("example.org", "Example", ceremony.origins)
    assert get(page, others.assertion_options(USING)) == {"refused": "SecurityError"}


def test_a_browser_whose_user_is_not_verified_gives_nothing(page: Chrome, ceremony: Fido2Passkeys) -> None:
    passkey = registered(page, ceremony)
    page.set_user_verified(False)
    assert get(page, ceremony.assertion_options(USING, [passkey])) == {"refused": "NotAllowedError"}
    answer = get(page, {**ceremony.assertion_options(USING), "userVerification": "discouraged"})
    with pytest.raises(InvalidPasskeyError, match="did not verify who used it"):
        passkey.used_by(verified(answer, ceremony, passkey), NOW, is_user_known=False)
