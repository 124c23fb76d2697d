"""What a row means is made out once, until the row is another."""

from collections.abc import Sequence

from leadnator_auth.adapters.sql.kept_rows import MAX_KEPT, KeptRows

ROW, NAME = "SELECT id, name FROM people WHERE id", "SELECT name, id FROM people WHERE id"


def meaning(values: Sequence[object]) -> list[object]:
    """Returns another object each time."""
    return list(values)


def test_an_equal_row_means_what_it_did() -> None:
    rows = KeptRows()
    first = rows.made(ROW, "1", ("1", "Alice"), meaning)
    assert rows.made(ROW, "1", ("1", "Alice"), meaning) is first


def test_another_row_means_something_else() -> None:
    rows = KeptRows()
    rows.made(ROW, "1", ("1", "Alice"), meaning)
    assert rows.made(ROW, "1", ("1", "Al"), meaning) == ["1", "Al"]
    assert rows.made(ROW, "2", ("2", "Al"), meaning) == ["2", "Al"]
    assert rows.made(NAME, "1", ("Al", "1"), meaning) == ["Al", "1"]
    assert rows.made(ROW, "1", ("1", "Alice"), meaning) == ["1", "Alice"]


def test_of_very_many_a_few_thousand_are_kept() -> None:
    rows = KeptRows()
    for number in range(3 * MAX_KEPT):
        rows.made(ROW, str(number), (str(number), "somebody"), meaning)
    assert len(vars(rows)["_kept"]) <= MAX_KEPT
