"""The settings themselves: whether they can be read, and which variables only look like one."""

from collections.abc import Iterator, Mapping

from leadnator_auth.entrypoints.doctor.finding import Finding, fail, ok, warn
from leadnator_auth.entrypoints.settings.view import unknown_settings

NAME = "settings"


def check_settings(environment: Mapping[str, str], problem: str | None = None) -> Iterator[Finding]:
    """Yields the problem that was met when they were read, if any, and the variables that mean nothing."""
    if problem is None:
        yield ok(NAME, "all can be read")
    else:
        yield fail(NAME, problem, "correct it; nothing else can be checked before")
    for each in unknown_settings(environment):
        cure = f"rename it to {each.closest}" if each.closest else "correct its name or remove it"
        yield warn(NAME, f"{each.name} is no setting of this program and has no effect", cure)
