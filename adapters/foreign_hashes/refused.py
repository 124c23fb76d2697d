"""What people have and nobody can verify here, or nobody should: each by its name."""

import re

WHAT_WOULD_DO = "Write no-password instead: its owner chooses a password by the link of forgot-password."
_NOT_BUILT = "which cannot be verified here"
_QUICK = "which is guessed too quickly to be taken"
_PLAIN = "the password itself, which must not lie in a file"

_NAMES = tuple(
    (re.compile(pattern, re.ASCII | re.IGNORECASE | re.DOTALL), name)
    for pattern, name in (
        (r"!.*", "Django's or a system's mark of an account without a password"),
        (r"\*.*|x", "a system's mark of an account without a password"),
        (r"\{noop\}.*", f"Spring's {{noop}}: {_PLAIN}"),
        (r"\{(?:plain|cleartext)\}.*|plain\$.*", _PLAIN),
        (r"(?:unsalted_)?md5\$.*", f"salted or plain MD5, {_QUICK}"),
        (r"(?:unsalted_)?sha(?:1|224|256|384|512)\$.*", f"a salted or plain SHA digest, {_QUICK}"),
        (r"\{(?:s?sha|ssha)(?:-?(?:224|256|384|512))?(?:\.\w+)?\}.*", f"LDAP's {{SHA}} or {{SSHA}}, {_QUICK}"),
        (r"\{(?:s?md[45]|nthash|lanman)(?:\.\w+)?\}.*", f"MD5 or a digest of that age, {_QUICK}"),
        (r"[0-9a-f]{32}(?::.*)?", f"MD5 or another digest of 128 bits, {_QUICK}"),
        (r"[0-9a-f]{40}(?::.*)?|\*[0-9a-f]{40}", f"SHA-1 or another digest of 160 bits, {_QUICK}"),
        (
            r"(?:[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})(?::.*)?",
            f"a digest of the SHA-2 family, {_QUICK}",
        ),
        (r"\$(?:1|apr1|md5)[$,].*", f"MD5-crypt, {_QUICK}"),
        (r"\$5\$.*", f"SHA-256-crypt, {_NOT_BUILT}"),
        (r"\$6\$.*", f"SHA-512-crypt, {_NOT_BUILT}"),
        (r"\$(?:y|gy)\$.*", f"yescrypt, {_NOT_BUILT}"),
        (r"\$7\$.*", f"scrypt as crypt(3) and libsodium write it, {_NOT_BUILT}"),
        (r"\$s0\$.*|\{s?crypt[^}]*\}.*", f"crypt or scrypt in a spelling {_NOT_BUILT}"),
        (r"\$3\$.*", f"an NT hash, {_QUICK}"),
        (r"\$sha1\$.*", f"PBKDF1 of SHA-1, {_NOT_BUILT}"),
        (r"\$S\$.*", f"Drupal 7's SHA-512, {_NOT_BUILT}"),
        (r"\$2\$.*", f"the first version of bcrypt, {_NOT_BUILT}"),
        (r"crypt\$.*", f"Django's crypt, {_NOT_BUILT}"),
        (r"\{PKCS5S2\}.*|\$p5k2\$.*|grub\..*", f"PBKDF2 in a spelling {_NOT_BUILT}"),
        (
            r"[A-Za-z0-9+/_-]{86}==",
            "Firebase's scrypt, perhaps: its salt and the parameters of the project are missing",
        ),
        (r"\{[^}]{1,40}\}.*", f"a hash in a scheme of braces {_NOT_BUILT}"),
    )
)


def name_of(text: str) -> str | None:
    """Returns what a text that is not taken is, where that can be seen."""
    return next((name for pattern, name in _NAMES if pattern.fullmatch(text)), None)
