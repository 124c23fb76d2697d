"""Input as nobody types it, with what has broken other systems drawn far more often than chance would."""

import json
import unicodedata
from functools import cache

from hypothesis import strategies as st

# NUL, controls, line breaks, DEL, lone surrogates, direction marks, joiners, fillers, look-alikes, white space, emoji.
_NASTY = (
    "\0\x01\t\n\v\r\x1b\x7f\x85\xa0\u200b\u2028\u2029\u202e\u2066\ufeff\u3000\u00ad\ud800\udfff"
    "\u212a\u0131\u0130\u017f\u00df\ufb01\uff20\U0001f600\u0301"
)
_SPECIALS = "()<>[]:;@\\,\"'=?.%+-_ /#&"

characters = st.one_of(
    st.characters(exclude_categories=()), st.sampled_from(_NASTY + _SPECIALS), st.characters(max_codepoint=127)
)
_short = st.text(characters, max_size=20)
texts = st.one_of(_short, st.builds(lambda character, times: character * times, characters, st.integers(60, 1100)))
"""Any text at all, lone surrogates and NUL included."""

_scalars = st.one_of(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _short).map(json.dumps),
    st.integers(10**300, 10**400).map(json.dumps),
    st.sampled_from(["1e999", "-1E+400", "9" * 5000, "-0", "1.0e-999", "NaN", "Infinity", '"' + "x" * 1200 + '"']),
)
json_values = st.recursive(
    _scalars,
    lambda children: st.one_of(
        st.lists(children, max_size=4).map(lambda members: "[" + ",".join(members) + "]"),
        st.lists(st.tuples(_short.map(json.dumps), children), max_size=4).map(
            lambda members: "{" + ",".join(f"{name}:{value}" for name, value in members) + "}"
        ),
    ),
    max_leaves=8,
)
"""A JSON value as it is written, and a few that are only nearly JSON; names in it may be given twice."""

_atoms = st.text("abkimsz0189.!#$%&*+-/=?^_`{|}~'", min_size=1, max_size=12)
_labels = st.one_of(
    st.text("abkims0189-", min_size=1, max_size=10),
    st.text("äöüßéñçøåæłžşğαβγδσςжшщы例え한글नमस्ते", min_size=1, max_size=6),
    st.sampled_from(["example", "xn--bcher-kva", "xn--0", "xn--r8jz45g"]),
)
_wrappings = st.sampled_from(
    ["{}", " {}\t", "<{}>", "A <{}>", '"{}"', "{},b@example.com", "{};b@example.com", "(c){}", "=?utf-8?q?{}?=",
     "<@evil.test:{}>", "mailto:{}", "{}\r\nBcc: b@example.com", "{}.", "{}\u3000", "{}@evil.test", "{}\0"]
)  # fmt: skip
addresses = st.builds(lambda local, labels: f"{local}@{'.'.join(labels)}.test", _atoms, st.lists(_labels, max_size=3))
"""Texts of which a good part are addresses."""
wrapped_addresses = st.builds(str.format, _wrappings, addresses)


@cache
def look_alikes() -> dict[str, list[str]]:
    """Returns, for each ASCII letter or digit, what folds to a text with it in some way that software folds text."""
    folded: dict[str, list[str]] = {}
    for code in range(128, 0x110000):
        character = chr(code)
        compatible = unicodedata.normalize("NFKC", character)
        for text in {compatible, compatible.lower(), compatible.casefold(), character.upper().lower()}:
            if text.isascii() and text.isalnum():
                folded.setdefault(text.lower(), []).append(character)
    return folded
