"""Cells of CSV that no spreadsheet computes, and that come back as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadnator_auth.entrypoints.cli.csv_rows import guarded, unguarded

FORMULAS = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"


@given(st.text(max_size=12) | st.text(FORMULAS + "',;|ab ", max_size=12))
def test_every_text_comes_back_and_no_cell_of_it_is_a_formula(text: str) -> None:
    cell = guarded(text)
    assert unguarded(cell) == text
    for delimiter in ";,\t|":
        assert not any(part and part[0] in FORMULAS for part in cell.split(delimiter))


@pytest.mark.parametrize("text", ["", "Ada", "a@b.c", "O'Hara", "'quoted'", "Smith, -ing", "$2b$12$x", "m=1, t=2"])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert guarded(text) == unguarded(text) == text
