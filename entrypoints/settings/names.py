"""The names of the variables: which begin as ours do, and which of these mean nothing."""

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches

import attrs

from leadnator_auth.entrypoints.settings.errors import SettingError

PREFIX = "LEADNATOR_"
_CLOSE = 0.6
_OPTIONS_OF_SERVE = {"HOST": "--host", "PORT": "--port", "WORKERS": "--workers"}
_ADDRESS_OF_SERVICE = re.compile(r"([A-Z0-9_]+_)?SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)")
_PORT_OF_SERVICE = re.compile(r"([A-Z0-9_]+_)?PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?")
_URL_OF_SERVICE = re.compile(r"([A-Z0-9_]+_)?PORT")
_HAS_SCHEME = re.compile(r"(tcp|udp|sctp)://", re.IGNORECASE)


@attrs.frozen
class Unknown:
    """A variable that looks like a setting and is none."""

    name: str
    closest: str | None
    """The setting that was probably meant."""

    @property
    def option(self) -> str | None:
        """The option of `serve` that says it instead, if there is one."""
        return _OPTIONS_OF_SERVE.get(self.name.removeprefix(PREFIX))

    @property
    def warning(self) -> str:
        """What to say of it; its value may be a secret."""
        hint = f"; did you mean {self.closest}?" if self.closest else ""
        return f"{self.name} is no setting of this program{hint}"


def unknown_among(environment: Mapping[str, str], known: Collection[str]) -> list[Unknown]:
    """Returns the variables that begin as ours do, in whatever case, and mean nothing, neither to us nor to others."""
    names = sorted(name for name in environment if name.upper().startswith(PREFIX) and name not in known)
    return [
        Unknown(_printable(name), _closest(name, known, _CLOSE))
        for name in names
        if not _is_service_link(name, environment[name])
    ]


def refuse_unknown(environment: Mapping[str, str], known: Collection[str]) -> None:
    """Raises: SettingError, which names each variable that begins with our prefix and means nothing.

    One in another case belongs to somebody else: names of variables differ by it.
    """
    ours = {name: value for name, value in environment.items() if name.startswith(PREFIX)}
    if found := unknown_among(ours, known):
        told = (f"{each.name} is no setting of this program; {_instead(each, known)}" for each in found)
        raise SettingError("; ".join(told))


def _is_service_link(name: str, value: str) -> bool:
    """Returns whether Kubernetes made it for a service whose name begins as our variables do."""
    ending = name.removeprefix(PREFIX)
    if _ADDRESS_OF_SERVICE.fullmatch(ending) or _PORT_OF_SERVICE.fullmatch(ending):
        return True
    # LEADNATOR_PORT=8000 is somebody's who expects it to be a setting.
    return bool(_URL_OF_SERVICE.fullmatch(ending) and _HAS_SCHEME.match(value))


def _instead(unknown: Unknown, known: Collection[str]) -> str:
    """Returns what was probably meant: an option of `serve`, or the nearest setting."""
    if unknown.option:
        return f"leadnator-auth serve takes {unknown.option}"
    return f"the nearest is {_closest(unknown.name, known, 0.0)}"


def _closest(name: str, known: Collection[str], cutoff: float) -> str | None:
    """Returns the name that was meant, going by what follows the prefix that all share."""
    endings = [each.removeprefix(PREFIX) for each in known]
    found = get_close_matches(name.upper().removeprefix(PREFIX), endings, n=1, cutoff=cutoff)
    return PREFIX + found[0] if found else None


def _printable(name: str) -> str:
    return name if name.isprintable() else ascii(name)
