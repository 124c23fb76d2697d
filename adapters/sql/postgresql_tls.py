"""TLS with the certificate authorities of the system, which asyncpg knows no parameter for."""

import ssl
from collections.abc import MutableMapping

_ALPN = ["postgresql"]
_VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
_TAKEN_IN = (
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslpassword",
    "sslcrl",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
)


def with_system_authorities(parameters: MutableMapping[str, str]) -> ssl.SSLContext:
    """Returns what `sslrootcert=system` stands for: a trusted certificate with the host's name (libpq: verify-full).

    The parameters of libpq that it takes in are removed, for beside it asyncpg would read none of them.

    Raises: OSError when a file cannot be read, ssl.SSLError when it holds something else.
    """
    context = ssl.create_default_context()
    context.set_alpn_protocols(_ALPN)
    taken = {name: parameters.pop(name) for name in list(parameters) if name in _TAKEN_IN}
    if certificate := taken.get("sslcert"):
        password = taken.get("sslpassword", "")
        context.load_cert_chain(certificate, taken.get("sslkey"), lambda: password)
    if revoked := taken.get("sslcrl"):
        context.load_verify_locations(revoked)
        context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_CHAIN
    context.minimum_version = _VERSIONS[taken.get("ssl_min_protocol_version", "TLSv1.2")]
    if newest := taken.get("ssl_max_protocol_version"):
        context.maximum_version = _VERSIONS[newest]
    return context
