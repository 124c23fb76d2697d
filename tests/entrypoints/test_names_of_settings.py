"""A variable that begins as ours do and means nothing is refused, with the name that was probably meant."""

import pytest

from leadnator_auth.entrypoints.settings import SettingError, Settings
from leadnator_auth.entrypoints.settings.view import names_of_settings, unknown_settings

SECRET = "geheim-0123456789-0123456789-0123456789"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("LEADNATOR_DATABSE_URL", "LEADNATOR_DATABASE_URL"),
        ("LEADNATOR_DATABASE_URI", "LEADNATOR_DATABASE_URL"),
        ("LEADNATOR_JWT_SECERT", "LEADNATOR_JWT_SECRET"),
        ("LEADNATOR_JWT_SECRETS", "LEADNATOR_JWT_SECRET"),
        ("LEADNATOR_SMTPURL", "LEADNATOR_SMTP_URL"),
        ("LEADNATOR_CORS_ORIGIN", "LEADNATOR_CORS_ORIGINS"),
        ("LEADNATOR_log_level", "LEADNATOR_LOG_LEVEL"),
        ("LEADNATOR_LIMIT_LOGN", "LEADNATOR_LIMIT_LOGIN"),
    ],
)
@pytest.mark.parametrize("value", [SECRET, ""])
def test_it_is_refused_with_the_nearest_name_and_without_its_value(name: str, nearest: str, value: str) -> None:
    with pytest.raises(SettingError) as refused:
        Settings.read({name: value, "LEADNATOR_LOG_LEVEL": "info"})
    message = str(refused.value)
    assert message == f"{name} is no setting of this program; the nearest is {nearest}"


@pytest.mark.parametrize(
    "name", ["LEADNATOR_", "LEADNATOR_ZZZ", "LEADNATOR_\x1b[2J", "LEADNATOR_\udcff", "LEADNATOR_PORTS"]
)
def test_one_that_is_far_from_all_is_refused_too_in_one_printable_line(name: str) -> None:
    with pytest.raises(SettingError) as refused:
        Settings.read({name: SECRET})
    message = str(refused.value)
    assert message.isprintable()
    assert any(known in message for known in names_of_settings())
    assert SECRET not in message


@pytest.mark.parametrize("option", ["host", "port", "workers"])
def test_an_option_of_serve_is_told_as_one(option: str) -> None:
    with pytest.raises(SettingError) as refused:
        Settings.read({f"LEADNATOR_{option.upper()}": "8000"})
    assert str(refused.value).endswith(f"is no setting of this program; leadnator-auth serve takes --{option}")


def test_all_of_them_are_told_at_once_before_what_else_is_wrong() -> None:
    with pytest.raises(SettingError) as refused:
        Settings.read({"LEADNATOR_B": "1", "LEADNATOR_A": "1", "LEADNATOR_LOG_LEVEL": "loud"})
    assert str(refused.value).index("LEADNATOR_A") < str(refused.value).index("LEADNATOR_B")
    assert "loud" not in str(refused.value)


# What Kubernetes sets in every container for services named leadnator, leadnator-auth and leadnator-smtp-url.
SERVICE_LINKS = {
    "LEADNATOR_SERVICE_HOST": "10.96.0.12",
    "LEADNATOR_SERVICE_PORT": "80",
    "LEADNATOR_SERVICE_PORT_HTTP": "80",
    "LEADNATOR_PORT": "tcp://10.96.0.12:80",
    "LEADNATOR_PORT_80_TCP": "tcp://10.96.0.12:80",
    "LEADNATOR_PORT_80_TCP_PROTO": "tcp",
    "LEADNATOR_PORT_80_TCP_PORT": "80",
    "LEADNATOR_PORT_80_TCP_ADDR": "10.96.0.12",
    "LEADNATOR_AUTH_SERVICE_HOST": "fd00::12",
    "LEADNATOR_AUTH_SERVICE_PORT": "8000",
    "LEADNATOR_AUTH_SERVICE_PORT_METRICS_2": "9000",
    "LEADNATOR_AUTH_PORT": "udp://[fd00::12]:8000",
    "LEADNATOR_AUTH_PORT_8000_UDP": "udp://[fd00::12]:8000",
    "LEADNATOR_AUTH_PORT_8000_UDP_ADDR": "fd00::12",
    "LEADNATOR_AUTH_PORT_9000_SCTP_PROTO": "sctp",
    "LEADNATOR_SMTP_URL_SERVICE_HOST": "10.96.0.13",
    "LEADNATOR_SMTP_URL_PORT": "tcp://10.96.0.13:25",
}


@pytest.mark.parametrize("name", SERVICE_LINKS)
def test_what_kubernetes_sets_for_a_service_is_nobodys_mistake(name: str) -> None:
    environment = {name: SERVICE_LINKS[name]}
    assert Settings.read(environment) == Settings.read({})
    assert unknown_settings(environment) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEADNATOR_SMTP_PORT", "25"),
        ("LEADNATOR_AUTH_PORT", "8000"),
        ("LEADNATOR_SERVICE_NAME", "auth"),
        ("LEADNATOR_PORT_80", "80"),
        ("LEADNATOR_PORT_80_TCP_NAME", "a"),
        ("LEADNATOR_XPORT", "tcp://10.96.0.12:80"),
    ],
)
def test_what_only_looks_like_it_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        Settings.read({name: value})


@pytest.mark.parametrize(
    "name", ["leadnator_bcrypt_cost", "Leadnator_Databse_Url", "MY_LEADNATOR_URL", "LEADNATORS_URL"]
)
def test_names_that_begin_otherwise_are_somebody_elses(name: str) -> None:
    assert Settings.read({name: "99"}) == Settings.read({})
