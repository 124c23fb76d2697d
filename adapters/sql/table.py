"""The description of a table, from which its column list, its INSERT and the mapping of its rows are made."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from enum import StrEnum
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, get_args, get_origin

import attrs

from leadnator_auth.adapters.sql.instants import from_number, from_optional, to_number, to_optional
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection

Entity = TypeVar("Entity")

Convert = Callable[[Any], Any]  # between the type of a field and that of its column


def _as_it_is(value: object) -> object:
    return value


@attrs.frozen
class Column:
    """One column, and the field that it keeps: `client.ip` is the field `ip` of the field `client`."""

    name: str
    field: str
    read: Convert = _as_it_is
    write: Convert = _as_it_is


def plain(name: str, field: str | None = None) -> Column:
    """Returns a column of text or numbers, kept as they are."""
    return Column(name, field or name)


def instant(name: str) -> Column:
    """Returns a column of instants."""
    return Column(name, name, from_number, to_number)


def optional_instant(name: str) -> Column:
    """Returns a column of instants that may be missing."""
    return Column(name, name, from_optional, to_optional)


def choice(name: str, of: type[StrEnum], field: str | None = None) -> Column:
    """Returns a column with a member of an enumeration."""
    members = {member.value: member for member in of}
    return Column(name, field or name, members.__getitem__, attrgetter("value"))


class Table(Generic[Entity]):
    """The table of one kind of entity; `key` has the columns of its primary key."""

    def __init__(self, name: str, entity: type[Entity], columns: Iterable[Column], *, key: str = "id") -> None:
        self.name = name
        self.key = key
        self._columns = tuple(columns)
        self._entity: type[Entity] = get_origin(entity) or entity
        names = [column.name for column in self._columns]
        self.columns = ", ".join(names)
        self.qualified = ", ".join(f"{name}.{column}" for column in names)
        self.size = len(names)
        self.parameters = ", ".join(f":{column}" for column in names)
        self.insert = f"INSERT INTO {name} ({self.columns}) VALUES ({self.parameters})"
        self._own, self._parts = _grouped(entity, self._columns)
        optional = {field for field, _, is_optional, _ in self._parts if is_optional}
        self._getters = [(column.name, _getter(column.field, optional), column.write) for column in self._columns]

    def values(self, entity: Entity) -> dict[str, object]:
        """Returns the stored values of an entity, by column."""
        return {name: write(get(entity)) for name, get, write in self._getters}

    def entity(self, row: Iterable[Any]) -> Entity:
        """Returns the entity in a row, which has the values of all columns in their order."""
        values = [column.read(value) for column, value in zip(self._columns, row, strict=True)]
        fields = {field: values[index] for field, index in self._own}
        for field, kind, is_optional, parts in self._parts:
            given = {part: values[index] for part, index in parts}
            is_missing = is_optional and all(value is None for value in given.values())
            fields[field] = None if is_missing else kind(**given)
        return self._entity(**fields)

    async def insert_all(self, connection: PooledConnection, entities: Sequence[Entity]) -> None:
        """Keeps entities, however many or none."""
        if len(entities) == 1:
            await connection.run(self.insert, **self.values(entities[0]))
        elif entities:
            await connection.run_many(self.insert, [self.values(entity) for entity in entities])

    async def find(self, connection: PooledConnection, value: str, *, by: str = "") -> Entity | None:
        """Returns the entity with this value in a unique column, by default the key; a writer locks its row."""
        column = by or self.key
        row = await connection.fetch_one(
            f"SELECT {self.columns} FROM {self.name} WHERE {column} = :{column}{connection.row_lock}", **{column: value}
        )
        return self.entity(row) if row else None

    async def delete_some(
        self,
        connection: PooledConnection,
        where: str,
        limit: int,
        *,
        order_by: str = "",
        skip: int = 0,
        **values: object,
    ) -> list[Entity]:
        """Deletes up to `limit` rows for which a condition holds, after `skip` of them in an order; returns them.

        Unordered, it skips rows that somebody else has locked: two purges never wait for each other.
        """
        chosen = (
            f" ORDER BY {order_by} LIMIT :limit OFFSET :skip" if order_by else f" LIMIT :limit{connection.skip_locked}"
        )
        rows = await connection.fetch_all(
            f"WITH old AS MATERIALIZED (SELECT {self.key} FROM {self.name} WHERE {where}{chosen}) "
            f"DELETE FROM {self.name} WHERE ({self.key}) IN (SELECT {self.key} FROM old) RETURNING {self.columns}",
            limit=limit,
            **({"skip": skip} if order_by else {}),
            **values,
        )
        return [self.entity(row) for row in rows]


Parts = list[tuple[str, int]]
"""Fields, each with the index of its column."""


def _getter(path: str, optional: Collection[str]) -> Convert:
    """Returns what gets a field; a field of a part that may be missing is missing with it."""
    first, _, rest = path.partition(".")
    if first not in optional:
        return attrgetter(path)
    part, field = attrgetter(first), attrgetter(rest)
    return lambda entity: None if part(entity) is None else field(part(entity))


def _grouped(entity: type, columns: Sequence[Column]) -> tuple[Parts, list[tuple[str, type, bool, Parts]]]:
    """Returns the entity's own fields, and those of its parts: the field, its type and whether it may be missing."""
    own: Parts = []
    parts: dict[str, Parts] = defaultdict(list)
    for index, column in enumerate(columns):
        first, _, rest = column.field.partition(".")
        if rest:
            parts[first].append((rest, index))
        else:
            own.append((first, index))
    generic = get_origin(entity) or entity
    given = dict(zip(getattr(generic, "__parameters__", ()), get_args(entity), strict=True))
    types = {field.name: given.get(field.type, field.type) for field in attrs.fields(attrs.resolve_types(generic))}
    return own, [(field, *_kind_of(types[field]), fields) for field, fields in parts.items()]


def _kind_of(annotation: Any) -> tuple[type, bool]:
    """Returns the type of a part, and whether it may be None."""
    kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
    return (kinds[0], True) if isinstance(annotation, UnionType) else (annotation or object, False)
