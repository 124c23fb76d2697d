"""The beginning of a page, as values of a statement."""

from leadnator_auth.adapters.sql.instants import to_number
from leadnator_auth.domain.values.paging import Position

_AFTER_EVERY_INSTANT = 2**63 - 1


def place_of(position: Position | None) -> dict[str, object]:
    """Returns `at` and `after_id` to compare with; without a position, everything comes after them.

    So every page is found by a range of an index, the first one included.
    """
    if position is None:
        return {"at": _AFTER_EVERY_INSTANT, "after_id": ""}
    return {"at": to_number(position.at), "after_id": position.id}
