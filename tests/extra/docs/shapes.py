"""The shape of output: ids, tokens, dates and sizes differ from run to run, and the rest is as a page shows it."""

import re

_VARYING = {
    r"eyJ[\w-]+(?:\.[\w-]+\.[\w-]+|…)": "<jwt>",
    r"reset_[\w-]{43}": "<secret>",
    r"\b(u|s|m)_[\w-]{22}": r"<\1>",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)": "<time>",
    r"\d{8}T\d{6}": "<time>",
}


def masked(text: str) -> str:
    """Returns a text with a placeholder for whatever is new each time."""
    for pattern, placeholder in _VARYING.items():
        text = re.sub(pattern, placeholder, text)
    return text.strip()


def has_shape(printed: str, shown: str) -> bool:
    """Returns whether they agree but for what varies; `…` in a page stands for anything."""
    pattern = re.escape(masked(shown)).replace("…", ".*?")
    return re.fullmatch(pattern, masked(printed), re.DOTALL) is not None
