"""Accounts, sessions and password reset: a pure core, adapters for it, and an HTTP service made of both.

What is public is named by `__all__` of these modules; everything else may change in any version:

- `leadnator_auth.domain` has the use cases, their values and their errors, `leadnator_auth.domain.ports` what they need
  from outside, as Protocols; neither imports anything but the standard library and attrs.
- `leadnator_auth.adapters.memory` has every port for tests, `leadnator_auth.testing.contract` the tests of every port.
- `leadnator_auth.adapters.sql`, `.bcrypt_hasher`, `.fido2_passkeys`, `.foreign_hashes`, `.jwt_tokens`, `.email_syntax`,
  `.mail`, `.mail.smtp`, `.system`, `.system.secret_file` and `.webhooks` are the adapters that the service is made of;
  `.snapshot_identities` is for stores without Identities of their own.
- `leadnator_auth.entrypoints.embedding` opens a complete set of them, for code that blocks, too;
  `leadnator_auth.entrypoints.http` is the application over one, and `leadnator_auth.testing.client` a client of it for
  tests.
- `leadnator_auth.integrations.fastapi`, `.flask` and `.django` are for hosts in these frameworks, which are no
  dependencies.
- `leadnator_auth.verifier` is for other services that verify our tokens, `leadnator_auth.verifier.fastapi` for such in
  FastAPI; both need nothing else of this package.
- `leadnator_auth.testing.pytest_plugin` has the fixtures that pytest finds by itself, `leadnator_auth.testing` devices for tests.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
