"""The description of a table, from which its column list, its INSERT and the mapping of its rows are made."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
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


def words(name: str) -> Column:
    """Returns a column of words with a space between them."""
    return Column(name, name, lambda text: tuple(text.split()), " ".join)


class Table(Generic[Entity]):
    """The table of one kind of entity; `key` has the columns of its primary key."""

    def __init__(self, name: str, entity: type[Entity], columns: Iterable[Column], *, key: str = "id") -> None:
        self.name = name
        self.key = key
        self._columns = tuple(columns)
        names = [column.name for column in self._columns]
        self.columns = ", ".join(names)
        self.qualified = ", ".join(f"{name}.{column}" for column in names)
        self.size = len(names)
        self.parameters = ", ".join(f":{column}" for column in names)
        self.insert = f"INSERT INTO {name} ({self.columns}) VALUES ({self.parameters})"
        self._getters = [(column.name, _getter(entity, column.field), column.write) for column in self._columns]
        self._made = _maker(entity, [(column.field, index) for index, column in enumerate(self._columns)])

    def values(self, entity: Entity) -> dict[str, object]:
        """Returns the stored values of an entity, by column."""
        return {name: write(get(entity)) for name, get, write in self._getters}

    def entity(self, row: Iterable[Any]) -> Entity:
        """Returns the entity in a row, which has the values of all columns in their order."""
        entity: Entity = self._made([column.read(value) for column, value in zip(self._columns, row, strict=True)])
        return entity

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


Make = Callable[[Sequence[Any]], Any]  # of the values of a row, whatever they are a part of


def _getter(entity: type, path: str) -> Convert:
    """Returns what gets a field; a field of a part that may be missing is missing with it."""
    first, _, rest = path.partition(".")
    if not (rest and _is_optional(_types_of(entity)[first])):
        return attrgetter(path)
    part, field = attrgetter(first), attrgetter(rest)
    return lambda entity: None if part(entity) is None else field(part(entity))


def _maker(entity: type, fields: Iterable[tuple[str, int]]) -> Make:
    """Returns what makes an entity of the values of a row; `fields` are its own and, with dots, those of its parts.

    Each comes with the index of its value.
    """
    own: list[tuple[str, int]] = []
    parts: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for field, index in fields:
        first, _, rest = field.partition(".")
        if rest:
            parts[first].append((rest, index))
        else:
            own.append((first, index))
    generic = get_origin(entity) or entity
    types = _types_of(entity)
    makers = [(field, _maker_of_part(types[field], part)) for field, part in parts.items()]

    def make(values: Sequence[Any]) -> object:
        made = {field: values[index] for field, index in own}
        for field, make_part in makers:
            made[field] = make_part(values)
        return generic(**made)

    return make


def _maker_of_part(annotation: Any, fields: list[tuple[str, int]]) -> Make:
    """Returns what makes a part; one that may be missing is where nothing of it is there."""
    if not _is_optional(annotation):
        return _maker(annotation, fields)
    make = _maker(next(kind for kind in get_args(annotation) if kind is not NoneType), fields)
    indices = [index for _, index in fields]
    return lambda values: None if all(values[index] is None for index in indices) else make(values)


def _is_optional(annotation: Any) -> bool:
    return isinstance(annotation, UnionType) and NoneType in get_args(annotation)


def _types_of(entity: type) -> dict[str, Any]:
    """Returns the types of the fields, those of a generic entity as they are given."""
    generic = get_origin(entity) or entity
    given = dict(zip(getattr(generic, "__parameters__", ()), get_args(entity), strict=True))
    return {field.name: given.get(field.type, field.type) for field in attrs.fields(attrs.resolve_types(generic))}
