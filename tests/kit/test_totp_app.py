"""The app of the testing kit, by the clock of a test and by the time of day."""

from datetime import UTC, datetime

from leadnator_auth.adapters.memory import FakeClock
from leadnator_auth.testing import TotpApp

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238, appendix B, in base32


def test_it_shows_the_code_of_its_clock() -> None:
    clock = FakeClock(datetime.fromtimestamp(1111111109, UTC))
    assert TotpApp(SECRET, clock).code == "081804"
    assert TotpApp.scanning(f"otpauth://totp/A:b?secret={SECRET}&issuer=A", clock).code == "081804"


def test_without_a_clock_it_goes_by_the_time_of_day() -> None:
    for app in (TotpApp(SECRET), TotpApp.scanning(f"otpauth://totp/A:b?secret={SECRET}&issuer=A")):
        before = datetime.now(UTC)
        assert app.code in {app.code_at(before), app.code_at(datetime.now(UTC))}
