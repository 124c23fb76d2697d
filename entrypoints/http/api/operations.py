"""Every operation of the API, once: routes, OpenAPI document, reference page and tests are made from this tuple."""

from collections.abc import Mapping

from leadnator_auth.entrypoints.http.api import (
    accounts,
    admin,
    api_keys,
    code_log_in,
    email_change,
    email_verification,
    forward,
    introspection,
    own_account,
    passkey_log_in,
    passkeys,
    probes,
    revocations,
    second_factors,
    sessions,
    signing_keys,
    step_up,
    token_pairs,
    webhook_deliveries,
    webhooks,
)
from leadnator_auth.entrypoints.http.openapi.operation import Operation

GROUPS: Mapping[str, str] = {
    accounts.GROUP: "Accounts and their JWTs. After log-in every call carries "
    "`Authorization: Bearer <token>`; a GET may carry `?token=` instead, for download and media URLs.",
    code_log_in.GROUP: "A code by mail instead of a password, where `LEADNATOR_EMAIL_CODE_LOGIN` is on. It works for "
    "the challenge that came back when it was asked for, and proves the address, too.",
    passkeys.GROUP: "A key that a phone, a computer or a security key keeps, in place of the password and of a second "
    "factor. Where the public URL has no domain, or the extra `passkeys` is not installed, each of these answers 404.",
    sessions.GROUP: "Each log-in opens a session, and its token is good for as long as the session lives.",
    second_factors.GROUP: "An app that shows codes (TOTP), and ten recovery codes. Once it is confirmed, a log-in with "
    "the password alone is answered 403 `second_factor_required` with a `challenge`. Where no master key is set, each "
    "of these answers 404.",
    token_pairs.GROUP: "Instead of one token for seven days, an access token for five minutes and a refresh token "
    "for the next pair: for services that do not ask here whether a session is over. Where no master key is set, both "
    "answer 404.",
    own_account.GROUP: "What an account is and has. To delete it, or to take all of it along, takes a log-in or a "
    "step-up of the last ten minutes.",
    email_verification.GROUP: "Who signs up is mailed a link; until it is used, nobody knows whether the address is "
    "theirs. `LEADNATOR_EMAIL_VERIFICATION` says what is withheld so long. Another address is confirmed by a link that "
    "is mailed there, and the old one gets a link that takes the change back for seven days.",
    api_keys.GROUP: "What programs send instead of the token of a log-in, in the same header. A key says whose it is "
    "(`GET /api/auth/me`) and does what its scopes name; every other call answers it 403 `session_required`. It is no "
    "session: a log-out ends none.",
    admin.GROUP: "For users whose role is `admin`; what they change is in force at once. To try it, "
    "make Alice one where the server runs: `leadnator-auth users set alice@example.com --role admin`.",
    webhooks.GROUP: "For users whose role is `admin`: events are posted to where you say, signed as Standard Webhooks "
    "1.0 has it. Where no master key is set, or what sends is not installed, each of these answers 404.",
    signing_keys.GROUP: "Where `LEADNATOR_JWT_ALGORITHM` is EdDSA or ES256, other services verify tokens by "
    "themselves, with the keys that are published here; they may keep them for ten minutes.",
    revocations.GROUP: "For services that verify access tokens by themselves, and for proxies that ask who calls.",
    probes.GROUP: "What load balancers, supervisors and Prometheus ask; nobody needs a token for it. Let a proxy keep "
    "`/metrics` from the outside.",
}
"""What each group of operations is about."""

OPERATIONS: tuple[Operation, ...] = (
    *accounts.OPERATIONS,
    *code_log_in.OPERATIONS,
    *passkey_log_in.OPERATIONS,
    *passkeys.OPERATIONS,
    *sessions.OPERATIONS,
    *step_up.OPERATIONS,
    *second_factors.OPERATIONS,
    *token_pairs.OPERATIONS,
    *email_verification.OPERATIONS,
    *email_change.OPERATIONS,
    *own_account.OPERATIONS,
    *api_keys.OPERATIONS,
    *introspection.OPERATIONS,
    *admin.OPERATIONS,
    *webhooks.OPERATIONS,
    *webhook_deliveries.OPERATIONS,
    *signing_keys.OPERATIONS,
    *revocations.OPERATIONS,
    *forward.OPERATIONS,
    *probes.OPERATIONS,
)
