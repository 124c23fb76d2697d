"""What is derived from the master keys, and what of them can be told."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from leadnator_auth.domain import MasterKeyMissingError, MasterKeys, UnavailableError

OLD, NEW = "an old master key of at least 32 bytes", "a new master key of at least 32 bytes"
LABEL = "webhook:wh_1:1"


def test_what_is_derived_is_hkdf_of_the_key() -> None:
    for label in (LABEL, "", "totp:f_ü"):
        hkdf = HKDF(hashes.SHA256(), 32, salt=b"leadnator-auth master key", info=b"secret:" + label.encode())
        assert MasterKeys([NEW]).derive(label) == hkdf.derive(NEW.encode())


def test_the_same_label_gives_the_same_and_each_other_something_else() -> None:
    keys = MasterKeys([NEW])
    labels = [LABEL, "webhook:wh_1:2", "webhook:wh_2:1", "totp:wh_1:1", "", "id"]
    assert [keys.derive(label) for label in labels] == [MasterKeys([NEW]).derive(label) for label in labels]
    derived = {keys.derive(label) for label in labels} | {MasterKeys([OLD]).derive(label) for label in labels}
    assert len(derived) == 2 * len(labels)
    assert all(len(each) == 32 for each in derived)


def test_the_first_makes_and_all_read() -> None:
    before, after = MasterKeys([OLD]), MasterKeys([NEW, OLD])
    assert after.derive(LABEL, before.newest_id) == before.derive(LABEL)
    assert after.derive(LABEL) == after.derive(LABEL, after.newest_id) == MasterKeys([NEW]).derive(LABEL)
    assert after.newest_id == MasterKeys([NEW]).newest_id != before.newest_id
    assert (after.has(before.newest_id), before.has(after.newest_id)) == (True, False)


@pytest.mark.parametrize("keys", [MasterKeys(), MasterKeys([NEW])], ids=["none", "another one"])
def test_a_key_that_is_not_there_any_more_is_told_as_something_that_is_away(keys: MasterKeys) -> None:
    gone = MasterKeys([OLD]).newest_id
    assert not keys.has(gone)
    with pytest.raises(MasterKeyMissingError) as missing:
        keys.derive(LABEL, gone)
    assert isinstance(missing.value, UnavailableError)
    assert "master key" in str(missing.value)


def test_without_any_they_are_false_and_derive_nothing() -> None:
    assert not MasterKeys()
    assert MasterKeys([OLD])
    for use in (lambda: MasterKeys().newest_id, lambda: MasterKeys().derive(LABEL)):
        with pytest.raises(MasterKeyMissingError, match="no master key is set"):
            use()


def test_nothing_of_a_key_shows() -> None:
    keys = MasterKeys([NEW, OLD])
    told = f"{keys!r} {keys} {keys.newest_id}"
    for key in (NEW, OLD):
        assert key not in told
        assert key.encode().hex() not in told
        assert MasterKeys([key]).derive(LABEL).hex() not in told
    assert len(keys.newest_id) == 16


@pytest.mark.parametrize("bad", ["x" * 31, "", "\udcff" * 32])
def test_a_key_that_is_short_or_no_text_is_refused_without_being_shown(bad: str) -> None:
    with pytest.raises(ValueError) as refused:
        MasterKeys([NEW, bad])
    assert isinstance(refused.value, UnicodeEncodeError) or str(refused.value) == "a master key has at least 32 bytes"


def test_bytes_count_and_not_characters() -> None:
    assert MasterKeys(["é" * 16]).derive(LABEL)
