"""What second factors look like in the OpenAPI document: an app that is set up, those that count, recovery codes."""

from leadnator_auth.entrypoints.http.openapi import schemas

SET_UP = schemas.closed(
    {
        "secret": {"type": "string", "description": "What to type into an app; base32."},
        "uri": {"type": "string", "pattern": "^otpauth://totp/"},
        "qr_svg": {"type": "string", "description": "The URI as a QR code, in SVG.", "pattern": "^<svg"},
    }
)
EXAMPLE_CODES = [f"BTPWXK-6Q2MZD-LF7AHE-C3VRO{letter}" for letter in "ABCDEFGHIJ"]
RECOVERY_CODES = schemas.closed(
    {
        "recovery_codes": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 10,
            "maxItems": 10,
            "description": "Each works once, in place of a code of the app; they are shown this once.",
        }
    }
)
FACTOR = schemas.closed(
    {
        "type": {"type": "string", "const": "totp"},
        "created_at": schemas.INSTANT,
        "last_used_at": schemas.or_null(schemas.INSTANT),
        "recovery_codes_left": {"type": "integer", "minimum": 0, "maximum": 10},
    },
    title="Factor",
)
EXAMPLE_FACTOR = {
    "type": "totp",
    "created_at": "2026-01-01T12:00:00Z",
    "last_used_at": None,
    "recovery_codes_left": 10,
}
