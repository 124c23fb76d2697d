"""The public keys that other services verify tokens with."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import UnavailableError, published_keys
from leadnator_auth.domain.entities.signing_key import PUBLISHED_BEFORE
from leadnator_auth.entrypoints.http.context import ports_of
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.operation import Operation

GROUP = "Tokens for other services"
_CACHED = {"Cache-Control": f"public, max-age={PUBLISHED_BEFORE.seconds}"}
_EXAMPLE = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
    "use": "sig",
    "alg": "EdDSA",
}
"""That of RFC 8037, appendix A."""


async def get_jwks(request: Request) -> Response:
    """GET /.well-known/jwks.json: the keys whose tokens are good, and the one that comes next."""
    keys = await published_keys(ports=ports_of(request))
    return JSONResponse({"keys": [key.public.jwk for key in keys]}, headers=_CACHED)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="GET",
        path="/.well-known/jwks.json",
        handler=get_jwks,
        summary="Return the public keys that tokens can be verified with, as a JSON Web Key Set.",
        group=GROUP,
        success=schemas.JWKS,
        example_answer={"keys": [_EXAMPLE]},
        refusals=(UnavailableError,),
    ),
)
