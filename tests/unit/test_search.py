"""Which letters count as the same: a store that cannot fold has to look for both."""

from collections import defaultdict

from leadnator_auth.domain.values.search import capital_of, folded

CHARACTERS = [chr(code) for code in range(0x1FFFF) if not 0xD800 <= code <= 0xDFFF]


def test_a_letter_and_its_one_capital_are_all_that_fold_to_it() -> None:
    folding_to = defaultdict(set)
    for character in CHARACTERS:
        folding_to[folded(character)].add(character)
    for character in CHARACTERS:
        capital = capital_of(character)
        others = set() if capital is None else {capital}
        assert folding_to.get(character, set()) - {character} == others, hex(ord(character))


def test_no_look_alike_folds() -> None:
    assert folded("STRASSE") == "strasse"
    assert folded("Straße") == "straße"
    kelvin = "\u212a"
    assert folded(kelvin) == kelvin
    assert capital_of("k") == "K"
